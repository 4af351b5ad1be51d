/** `roundoff info`: versions, CPU features, kernel sets and why one was chosen, threads. The first thing to ask for in a bug report. */
import type { Command } from "commander";
import { carrierProfile, type KernelFacts } from "../../kernels/accumulators.ts";
import { packageVersion } from "../../train/header.ts";
import { type CliContext, printResult } from "../context.ts";
import { declareCommand, declareKernels, type JsonOption, type KernelOption, kernelsFor } from "./declare.ts";

export function registerInfo(program: Command, context: CliContext): void {
  declareKernels(
    declareCommand(program, "info", "versions, CPU features, kernel sets and why one was chosen, threads"),
  ).action((options: JsonOption & KernelOption) => {
    const { info } = kernelsFor(context, options);
    const value = {
      version: packageVersion(),
      node: process.versions.node,
      ...info,
      accumulators: accumulatorsOf(info),
    };
    printResult(context, options.json ?? false, value, () =>
      [
        `roundoff ${value.version}, node ${value.node}`,
        `threads: ${info.threads}`,
        `accumulators: ${Object.entries(value.accumulators)
          .map(([carrier, profile]) => `${carrier} ${profile}`)
          .join(", ")}`,
        `cpu features: ${info.cpu.features.join(" ") || "none known"}`,
        ...info.kernelSets.map(
          (set) =>
            `kernels ${set.name}: ${set.available ? "available" : "not available"}${
              set.name === info.selected ? ", selected" : ""
            }${set.reason === "" ? "" : ` (${set.reason})`}`,
        ),
      ].join("\n"),
    );
  });
}

/** How each carrier adds products when nothing else is asked for. */
function accumulatorsOf(facts: KernelFacts): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (["f32", "bf16", "i16"] as const).map((carrier) => [carrier, carrierProfile(carrier, facts)]),
  );
}
