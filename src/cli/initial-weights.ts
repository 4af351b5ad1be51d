/** The options of `roundoff train` that name the weights it begins with. What weights are is interop/weights.ts's business. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { RoundoffError, require } from "../base/errors.ts";
import { initialWeights } from "../interop/weights.ts";
import type { InitialWeights } from "../train/initial-weights.ts";

export interface InitialWeightsOptions {
  readonly initWeights?: string;
  readonly initPartial: boolean;
}

export function declareInitialWeights(command: Command): Command {
  return command
    .option("--init-weights <file>", "begin with these weights: safetensors, by PyTorch's names and layouts")
    .option("--init-partial", "take of them what the model has; what they lack begins at random", false);
}

/** The weights that the options name. Throws FILE_UNREADABLE, DATA_CORRUPT or UNSUPPORTED. */
export async function readInitialWeights({
  initWeights: path,
  initPartial,
}: InitialWeightsOptions): Promise<InitialWeights | undefined> {
  require(path !== undefined || !initPartial, "INVALID_ARGUMENT", () => ({
    what: "--init-partial says how weights are taken",
    expected: "--init-weights beside it",
  }));
  if (path === undefined) return undefined;
  const file = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new RoundoffError("FILE_UNREADABLE", {
      what: "--init-weights cannot be read",
      expected: "a safetensors file",
      received: `"${path}" (${cause.code ?? cause.message})`,
      cause,
    });
  });
  return initialWeights(file, { strict: !initPartial });
}

/** The same options as words of a command line. */
export function initialWeightsWords({ initWeights, initPartial }: InitialWeightsOptions): string[] {
  if (initWeights === undefined) return [];
  return ["--init-weights", initWeights, ...(initPartial ? ["--init-partial"] : [])];
}
