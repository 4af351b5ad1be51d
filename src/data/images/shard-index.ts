/**
 * Lists pictures in tar archives as WebDataset lays them out: `train/*.tar` and `val/*.tar`, in each the members `KEY.jpg` (or jpeg,
 * png, ppm) and `KEY.cls`, a label in decimal digits, side by side. Reads headers and labels; pictures stay where they are.
 * Source: WebDataset's format description: a key is a member's path up to the first point of its last part.
 */
import { join } from "node:path";
import { RoundoffError } from "../../base/errors.ts";
import { type TarMember, tarMembers } from "../tar.ts";
import { entriesOf, testFolderOf } from "./folder-index.ts";
import {
  BadInputs,
  type IndexOptions,
  isPictureName,
  type PictureEntry,
  type PictureIndex,
  pictureIndex,
} from "./picture-index.ts";
import { RandomAccessFile } from "./random-access-file.ts";

/** Longer labels are no labels. */
const MAX_LABEL_BYTES = 16;

/** The members of one key. */
interface Sample {
  readonly key: string;
  readonly pictures: TarMember[];
  readonly labels: TarMember[];
}

/** Throws DATA_MISSING for a folder of another layout, and under the policy `fail` DATA_CORRUPT for a bad shard or sample. */
export function indexShards(options: IndexOptions): PictureIndex {
  const { directory, badImages, classNames } = options;
  const testFolder = testFolderOf(directory, "*.tar");
  const bad = new BadInputs(badImages);
  const list = (split: string) =>
    entriesOf(join(directory, split))
      .map(({ name }) => name)
      .filter((name) => name.endsWith(".tar"))
      .sort((a, b) => (a < b ? -1 : 1))
      .flatMap((name) => listShard(directory, `${split}/${name}`, bad));
  const train = list("train");
  const classes = classNames?.length ?? 1 + train.reduce((most, { label }) => Math.max(most, label), -1);
  const known = (entries: readonly PictureEntry[]) =>
    entries.filter(({ name, label }) => {
      if (label < classes) return true;
      bad.add(name, `its label is ${label}`, `0 to ${classes - 1}`);
      return false;
    });
  const found = { train: known(train), test: known(list(testFolder)), classes };
  return pictureIndex("imageshards", options, found, bad.skipped);
}

/** The whole samples of one archive, up to where it is damaged. */
function listShard(directory: string, shard: string, bad: BadInputs): PictureEntry[] {
  const samples: Sample[] = [];
  let file: RandomAccessFile | undefined;
  try {
    try {
      file = new RandomAccessFile(join(directory, shard));
      for (const sample of samplesOf(file, shard)) samples.push(sample);
    } catch (error) {
      if (!(error instanceof RoundoffError)) throw error;
      bad.add(shard, `${error.message}; ${samples.length} samples before that can be used`);
    }
    return samples.flatMap((sample) => entryOf(sample, shard, file!, bad) ?? []);
  } finally {
    file?.close();
  }
}

function* samplesOf(file: RandomAccessFile, shard: string): Generator<Sample> {
  let sample: Sample | undefined;
  const archive = { bytes: file.bytes, read: (offset: number, length: number) => file.read(offset, length) };
  for (const member of tarMembers(archive, shard)) {
    const { key, extension } = keyOf(member.name);
    if (sample === undefined || sample.key !== key) {
      if (sample !== undefined) yield sample;
      sample = { key, pictures: [], labels: [] };
    }
    if (extension === "cls") sample.labels.push(member);
    else if (isPictureName(`.${extension}`)) sample.pictures.push(member);
  }
  if (sample !== undefined) yield sample;
}

function keyOf(name: string): { key: string; extension: string } {
  const slash = name.lastIndexOf("/") + 1;
  const point = name.indexOf(".", slash);
  return point < 0
    ? { key: name, extension: "" }
    : { key: name.slice(0, point), extension: name.slice(point + 1) };
}

/** The picture of a sample with its label; undefined for a bad one, and for one that has neither. */
function entryOf(
  { key, pictures, labels }: Sample,
  shard: string,
  file: RandomAccessFile,
  bad: BadInputs,
): PictureEntry | undefined {
  if (pictures.length === 0 && labels.length === 0) return undefined;
  if (pictures.length !== 1 || labels.length !== 1) {
    const count = `${pictures.length} pictures and ${labels.length} labels`;
    bad.add(
      `${shard}/${key}`,
      `it has ${count}`,
      "one picture (jpg, jpeg, png, ppm) and one label (cls) side by side",
    );
    return undefined;
  }
  const [picture] = pictures;
  const name = `${shard}/${picture.name}`;
  const text = new TextDecoder().decode(
    file.read(labels[0].offset, Math.min(labels[0].bytes, MAX_LABEL_BYTES + 1)),
  );
  if (!/^\s*\d{1,9}\s*$/.test(text)) {
    bad.add(name, `its label ${JSON.stringify(text)} is not a number`, "decimal digits in its .cls");
    return undefined;
  }
  const member = { offset: picture.offset, bytes: picture.bytes };
  return { name, label: Number(text), path: file.path, member };
}
