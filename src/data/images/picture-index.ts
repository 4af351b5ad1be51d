/**
 * A set of pictures that stay on the disk: where each one lies, its class, and what was found unusable while listing them. Plain
 * data. Pixels are read when they are needed; the set's hash is of the list (names and classes), not of the pixels.
 */
import { RoundoffError } from "../../base/errors.ts";
import type { Provenance } from "../image-set.ts";
import type { SkippedInput } from "../loader.ts";
import { sha256Hex } from "../payload.ts";

/** What to do with a file that cannot be used: end with an error, or leave it out, counted and named. */
export const BAD_IMAGE_POLICIES = ["fail", "skip"] as const;
export type BadImages = (typeof BAD_IMAGE_POLICIES)[number];

/** One picture: a file, or some bytes of a tar archive. */
export interface PictureEntry {
  /** Relative to the set's folder; for a member of an archive `shard.tar/member.jpg`. */
  readonly name: string;
  readonly label: number;
  readonly path: string;
  /** Where in the file; absent: the file is the picture. */
  readonly member?: { readonly offset: number; readonly bytes: number };
}

export interface PictureIndex {
  readonly kind: "pictures";
  readonly train: readonly PictureEntry[];
  readonly test: readonly PictureEntry[];
  readonly classes: number;
  /** Left out already, by the policy `skip`. */
  readonly skipped: readonly SkippedInput[];
  readonly badImages: BadImages;
  readonly provenance: Provenance;
}

export interface IndexOptions {
  readonly directory: string;
  readonly badImages: BadImages;
  /** Names of the classes, in the order of their labels. */
  readonly classNames?: readonly string[];
}

/** What a data set of this kind finds in its two splits. */
export interface FoundSplits {
  readonly train: readonly PictureEntry[];
  readonly test: readonly PictureEntry[];
  readonly classes: number;
}

/** Collects what cannot be used, or throws at the first of it, as the policy says. */
export class BadInputs {
  readonly skipped: SkippedInput[] = [];
  private readonly policy: BadImages;

  constructor(policy: BadImages) {
    this.policy = policy;
  }

  add(name: string, reason: string, expected?: string): void {
    if (this.policy === "fail") {
      throw new RoundoffError("DATA_CORRUPT", { what: `${name}: ${reason}`, expected, hint: SKIP_HINT });
    }
    this.skipped.push({ name, reason });
  }
}

export const SKIP_HINT = "Mend it, or leave such inputs out with --bad-images skip";

/** Puts an index together; DATA_MISSING when a split has no picture. */
export function pictureIndex(
  name: string,
  { directory, badImages }: IndexOptions,
  found: FoundSplits,
  skipped: readonly SkippedInput[],
): PictureIndex {
  for (const split of ["train", "test"] as const) {
    if (found[split].length > 0) continue;
    throw new RoundoffError("DATA_MISSING", {
      what: `${directory} has no pictures to ${split === "train" ? "train on" : "test with"}`,
      received: skipped.length === 0 ? undefined : `${skipped.length} inputs that cannot be used`,
    });
  }
  const lines = [found.train, found.test].flatMap((entries, split) =>
    entries.map(({ name, label }) => `${split} ${label} ${name}\n`),
  );
  const sha256 = sha256Hex(`${found.classes} classes\n${lines.join("")}`);
  const provenance = { name, path: directory, source: "directory", sha256 };
  return { kind: "pictures", ...found, skipped, badImages, provenance };
}

/** Whether a file's name is that of a picture. */
export function isPictureName(name: string): boolean {
  return /\.(jpe?g|png|ppm)$/i.test(name);
}
