/** The options that say where a command's pictures are and what to do with bad ones. */
import type { Command } from "commander";
import { BAD_IMAGE_POLICIES, type BadImages } from "../data/images/picture-index.ts";
import { choiceOption, integerOption } from "./option-values.ts";

export interface DataPlaceOptions {
  readonly dataDirectory?: string;
  readonly badImages: BadImages;
  readonly classes?: string;
  readonly dataWorkers?: number;
}

export function declareDataPlace(command: Command): Command {
  return command
    .option("--data-dir, --data-directory <dir>", "look for the data here and nowhere else")
    .option(
      "--bad-images <fail|skip>",
      "what a picture or shard that cannot be used does: end the run, or be left out, counted and named",
      choiceOption("--bad-images", BAD_IMAGE_POLICIES),
      "fail",
    )
    .option("--classes <file>", "names of the classes in the order of their labels, one in each line")
    .option(
      "--data-workers <n>",
      "threads that decode pictures; 0: none (default: half the processors, one to eight)",
      integerOption("--data-workers", { min: 0, max: 256 }),
    );
}

/**
 * What of these options belongs in a record's command: which pictures a run leaves out decides what it computes; where they lie and how many
 * threads read them does not. Nothing for `fail`, under which none is left out.
 */
export function badImagesWords({ badImages }: Pick<DataPlaceOptions, "badImages">): string[] {
  return badImages === "fail" ? [] : ["--bad-images", badImages];
}
