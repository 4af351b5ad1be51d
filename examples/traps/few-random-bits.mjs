// Stochastic rounding to BF16 with 2 random bits. Each number between 1 and the next BF16 value meets all 4 words of 2 bits
// once, so the mean is exact: it should be the number itself.
import { floatFormat, roundToFormat } from "roundoff/formats";

const bf16 = floatFormat("bf16");
const spacing = 2 ** -7;
const bits = 2;
const words = [0, 1, 2, 3].map((top) => top * 2 ** (32 - bits));

// The tempting way: cut the fraction to 2 bits, add the random bits, see whether they carry.
const cutOff = (x, word) => {
  const fraction = Math.floor(((x - 1) / spacing) * 2 ** bits);
  return fraction + word / 2 ** (32 - bits) >= 2 ** bits ? 1 + spacing : 1;
};
const roundoff = (x, word) => roundToFormat(x, bf16, "stochastic", "saturate", word, bits);

for (const [name, round] of Object.entries({ "cut off ": cutOff, Roundoff: roundoff })) {
  let error = 0;
  for (let i = 0; i < 4096; i++) {
    const x = 1 + (i / 4096) * spacing;
    for (const word of words) error += (round(x, word) - x) / spacing;
  }
  console.log(`${name}: mean error ${(error / (4096 * words.length)).toFixed(5)} of a spacing`);
}
