// Five rules for the scale of an MX block, all in use somewhere. One block of mxfp4, whose elements end at 6.
import { format, quantize, SCALE_RULES } from "roundoff/formats";

const block = Float32Array.of(6.5, 2.6, 1.2, 0.3);
for (const scaleRule of SCALE_RULES) {
  const { scales, values } = quantize(block, format("mxfp4"), { scaleRule });
  const error = values.reduce((sum, value, i) => sum + (value - block[i]) ** 2, 0);
  console.log(
    `${scaleRule.padEnd(8)} scale ${scales[0]}   ${[...values].join("  ").padEnd(16)} squared error ${error.toFixed(2)}`,
  );
}

// Over the amax of one binade: which share of blocks does each rule scale up?
const steps = 1024;
for (const scaleRule of SCALE_RULES) {
  let up = 0;
  for (let i = 0; i < steps; i++) {
    const amax = Float32Array.of(4 * (1 + i / steps));
    if (quantize(amax, format("mxfp4"), { scaleRule }).scales[0] > 1) up++;
  }
  console.log(
    `${scaleRule.padEnd(8)} scales up ${((100 * up) / steps).toFixed(1)} % of the blocks with 4 ≤ amax < 8`,
  );
}
