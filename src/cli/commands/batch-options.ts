/** Options of benchmarks that make their own pictures: how many in a batch, and how large. */
import type { Command } from "commander";
import { integerOption } from "../option-values.ts";

export interface BatchOptions {
  readonly batch: number;
  readonly image: number;
  readonly channels: number;
}

const MAX_SIZE = 4096;

/** Declares `--batch`, `--image` and `--channels` with these values where they are not given. */
export function declareBatch(command: Command, { batch, image, channels }: BatchOptions): Command {
  const size = (name: string) => integerOption(name, { min: 1, max: MAX_SIZE });
  return command
    .option("--batch <n>", "pictures in a batch", integerOption("--batch", { min: 1 }), batch)
    .option("--image <n>", "rows and columns of a picture", size("--image"), image)
    .option("--channels <n>", "channels of a picture", size("--channels"), channels);
}
