// Converting amax to the format of MX scales is not the same as choosing a scale.
import { floatFormat, format, quantize, roundToFormat } from "roundoff/formats";

const e8m0 = floatFormat("e8m0");
for (const amax of [1, 1.25, 1.5, 1.75, 2]) {
  const cast = roundToFormat(amax, e8m0, "nearestEven", "saturate");
  const scale = quantize(Float32Array.of(amax), format("mxint8")).scales[0]; // emax 0: the scale of amax itself
  console.log(`amax ${String(amax).padEnd(4)}   cast to e8m0: ${cast}   scale by floor: ${scale}`);
}

// A conversion to a format without zero must put a zero somewhere; ml_dtypes makes it NaN.
console.log("0 as e8m0:", roundToFormat(0, e8m0, "nearestEven", "saturate"));
console.log("scale of a block of zeros:", quantize(new Float32Array(32), format("mxint8")).scales[0]);
