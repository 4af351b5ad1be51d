// "Round to nearest" leaves open what happens to a tie, and there are three common answers.
import { floatFormat, roundToFormat } from "roundoff/formats";

const e4m3 = floatFormat("e4m3"); // between 16 and 32 its values are 2 apart
const to = (x, mode) => roundToFormat(x, e4m3, mode, "saturate");
// What `Math.round` and "add a half and take the floor" do: ties go toward +Infinity. The spacing here is 2.
const addHalf = (x) => Math.floor(x / 2 + 0.5) * 2;

console.log("     x   ties to even   ties away   add a half");
for (const x of [17, 19, -17, -19]) {
  const cells = [to(x, "nearestEven"), to(x, "nearestAway"), addHalf(x)];
  console.log(String(x).padStart(6), cells.map((value) => String(value).padStart(12)).join(""));
}

// Ties are not rare: data that was rounded before, or integers, meet them all the time.
let [even, away] = [0, 0];
for (let integer = 16; integer < 32; integer++) {
  even += to(integer, "nearestEven") - integer;
  away += to(integer, "nearestAway") - integer;
}
console.log(`sum of errors over the integers from 16 to 31: even ${even}, away ${away}`);
