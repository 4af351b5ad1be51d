// INT16 in two's complement has one more negative number than positive ones. Dynamic fixed point must not use it.
import { quantize, scaledFormat } from "roundoff/formats";

// A careless quantiser: scale so that amax fits, round, clamp to what INT16 can hold.
const values = Float32Array.of(-1.99999, -1, 1.99999);
const careless = [...values].map((x) => Math.max(-32768, Math.min(32767, Math.round(x * 2 ** 14))));
console.log("careless: ", careless.join(" "));

const { codes } = quantize(values, scaledFormat("int16"));
console.log("symmetric:", [...codes].join(" "));

// Why it matters: the INT16 dot product instruction adds two products in INT32.
const pair = (a, b) => (a * a + b * b) | 0;
console.log("(−32768)² + (−32768)² in INT32:", pair(-32768, -32768));
console.log("(−32767)² + (−32767)² in INT32:", pair(-32767, -32767));

// And −x must have the quantised value of x with its sign turned.
console.log("careless −1.99999 and 1.99999 add up to", careless[0] + careless[2], "steps, not 0");
