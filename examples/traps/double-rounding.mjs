// FP32 → E5M2 in one step, and by way of FP16, whose values are a superset of E5M2's.
import { floatFormat, roundToFormat } from "roundoff/formats";

const nearest = (x, name) => roundToFormat(x, floatFormat(name), "nearestEven", "saturate");

const x = 1.125 + 2 ** -13; // just above the middle of 1 and 1.25
console.log("once:          ", nearest(x, "e5m2"));
console.log("by way of fp16:", nearest(nearest(x, "fp16"), "e5m2"));

// The first rounding lands on the middle itself, and the second no longer knows from which side it came. How often?
let [different, tried] = [0, 0];
for (let step = 0; step < 2 ** 20; step++, tried++) {
  const value = 1 + step * 2 ** -20;
  if (nearest(nearest(value, "fp16"), "e5m2") !== nearest(value, "e5m2")) different++;
}
console.log(`${different} of ${tried} values between 1 and 2 differ`);

// Round-to-odd as the first step never lands on a middle that it did not start from: it makes two steps safe.
const viaOdd = roundToFormat(x, floatFormat("fp16"), "toOdd", "saturate");
console.log("by way of odd: ", nearest(viaOdd, "e5m2"));
