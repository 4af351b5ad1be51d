/** What every command declares in the same way: a name, a sentence, `--json`, and `--kernels` where kernels run. */

import { cpus } from "node:os";
import type { Command } from "commander";
import { type SelectedKernels, selectKernels } from "../../kernels/select.ts";
import type { KernelRecord } from "../../runlog/schema.ts";
import type { CliContext } from "../context.ts";
import { choiceOption } from "../option-values.ts";

/** Adds one command, or one group of commands, to the program. */
export type Register = (program: Command, context: CliContext) => void;

export interface JsonOption {
  readonly json?: boolean;
}

export interface KernelOption {
  readonly kernels?: (typeof KERNEL_SETS)[number];
}

const KERNEL_SETS = ["native", "reference"] as const;

/** A command under `parent` (the program or a group) with the option `--json`. */
export function declareCommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option("--json", "print exactly one JSON document on stdout; everything else goes to stderr");
}

export function declareKernels(command: Command): Command {
  return command.option(
    "--kernels <set>",
    `kernels to run: ${KERNEL_SETS.join(" or ")} (default: native where it is available)`,
    choiceOption("--kernels", KERNEL_SETS),
  );
}

/** The kernels of this run: as the option says, with the threads and tier of the environment. */
export function kernelsFor(context: CliContext, { kernels }: KernelOption): SelectedKernels {
  const { threads, tier } = context.environment;
  return selectKernels({ prefer: kernels, threads, tier });
}

/** What a run record says of the kernels. */
export function kernelRecord({ info }: SelectedKernels): KernelRecord {
  const { selected: name, threads, tier = "none" } = info;
  return { name, tier, threads, cpu: cpus()[0]?.model ?? "unknown" };
}
