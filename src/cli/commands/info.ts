/** `roundoff info`: versions, CPU features, kernel sets and why one was chosen, threads. The first thing to ask for in a bug report. */
import type { Command } from "commander";
import { packageVersion } from "../../train/header.ts";
import { type CliContext, printResult } from "../context.ts";
import { declareCommand, declareKernels, type JsonOption, type KernelOption, kernelsFor } from "./declare.ts";

export function registerInfo(program: Command, context: CliContext): void {
  declareKernels(
    declareCommand(program, "info", "versions, CPU features, kernel sets and why one was chosen, threads"),
  ).action((options: JsonOption & KernelOption) => {
    const { info } = kernelsFor(context, options);
    const value = { version: packageVersion(), node: process.versions.node, ...info };
    printResult(context, options.json ?? false, value, () =>
      [
        `roundoff ${value.version}, node ${value.node}`,
        `threads: ${info.threads}`,
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
