// Stochastic rounding with r random bits. The fraction d of a value is compared with R = 0 … 2^r − 1, all equally likely:
// up if and only if (d in r bits) + R ≥ 2^r. How the fraction gets into r bits decides the bias.
const r = 2;
const steps = 2 ** 12; // fractions d = 0/4096, 1/4096, …

const meanError = (inBits) => {
  let sum = 0;
  for (let i = 0; i < steps; i++) {
    const d = i / steps;
    const probabilityUp = inBits(d * 2 ** r) / 2 ** r;
    sum += probabilityUp - d;
  }
  return sum / steps;
};

const nearestEven = (x) => {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
};

console.log("cut off:      mean error", meanError(Math.floor).toFixed(4), "of a spacing");
console.log("nearest even: mean error", meanError(nearestEven).toFixed(4), "of a spacing");
