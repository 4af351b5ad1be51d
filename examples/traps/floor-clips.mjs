// The scale rule that the MX specification suggests (floor) cannot hold the block's own maximum, when that lies between the
// largest element and the next power of two. Which part of all maxima is that?
import { format, quantize } from "roundoff/formats";

const maxima = 4096; // 1, 1 + 1/4096, … just below 2: any binade is the same
for (const name of ["mxfp8e4m3", "mxfp8e5m2", "mxfp6e3m2", "mxfp6e2m3", "mxfp4", "mxint8"]) {
  let clipped = 0;
  let worst = 0;
  for (let i = 0; i < maxima; i++) {
    const amax = 1 + i / maxima;
    const { values, statistics } = quantize(Float32Array.of(amax), format(name));
    clipped += statistics.saturated;
    worst = Math.max(worst, (amax - values[0]) / amax);
  }
  const percent = (x) => `${(100 * x).toFixed(1)} %`;
  console.log(
    `${name.padEnd(10)} ${percent(clipped / maxima).padStart(6)} clipped, at worst by ${percent(worst)}`,
  );
}
