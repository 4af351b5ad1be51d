/**
 * The protocol of bench/peers/child.mjs for a peer in JavaScript: one line in (how many steps), one line of JSON out.
 * Knows nothing of what it runs.
 */
import { createInterface } from "node:readline";

/** `step()` runs a training step; `report()` gives its loss and the momentum of the weights `conv1` (OHWI) and `fc`. */
export async function serve(greeting, { step, report }) {
  console.log(`ready ${greeting}`);
  for await (const line of createInterface({ input: process.stdin })) {
    const steps = Number(line);
    const start = process.hrtime.bigint();
    for (let i = 0; i < steps; i++) await step();
    const ms = Number(process.hrtime.bigint() - start) / 1e6 / steps;
    console.log(JSON.stringify({ ms, ...(await report()) }));
  }
}
