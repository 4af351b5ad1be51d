// The exponent of a number as floor(log2(x)), for the FP32 numbers just below powers of two.
import { exponentOf } from "roundoff/formats";

const float32Log2 = (x) => Math.fround(Math.log2(x)); // a logarithm that returns FP32, as most libraries do

const below8 = 8 - 2 ** -21; // the FP32 number before 8
console.log("floor(log2):", Math.floor(float32Log2(below8)), " from the bits:", exponentOf(below8));

let wrong = 0;
for (let k = -125; k <= 127; k++) {
  const below = 2 ** k - 2 ** (k - 24); // the last FP32 number of the binade under 2^k
  if (Math.floor(float32Log2(below)) !== exponentOf(below)) wrong++;
}
console.log(`wrong just below ${wrong} of 253 powers of two`);

// FP64 is no cure, it only moves the trap to the numbers of FP64.
const below64 = 2 ** 100 * (1 - 2 ** -53);
console.log("in FP64:", Math.floor(Math.log2(below64)), " from the bits:", exponentOf(below64));
