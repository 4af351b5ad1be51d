/**
 * The catalogue of data sets, and what `roundoff data list|fetch|verify` and the trainers ask of it. A new set is one
 * more entry here and its record in datasets/.
 */
import { RoundoffError, unknownName } from "../base/errors.ts";
import { FASHION_MNIST, loadFashionMnist } from "./datasets/fashion-mnist.ts";
import type { ImageSplits } from "./image-set.ts";
import type { LocatedData, LocateOptions, Place } from "./locate.ts";
import { locate } from "./locate.ts";
import { sourceSha256 } from "./payload.ts";
import type { DataSource } from "./source.ts";

/** A source and the function that decodes it. */
export interface DataSet {
  readonly source: DataSource;
  readonly load: (located: LocatedData) => ImageSplits;
}

export const DATA_SETS: readonly DataSet[] = [{ source: FASHION_MNIST, load: loadFashionMnist }];

/** One data set as the command line prints it. */
export interface DataSetRow {
  readonly name: string;
  /** Whether all files are on this machine with the right contents. */
  readonly present: boolean;
  /** The directory of the files; null when not present. */
  readonly path: string | null;
  /** Which kind of place that is; null when not present. */
  readonly source: Place | null;
  /** The hash that the set must have (and, if present, has). */
  readonly sha256: string;
  /** Training and test rows together. */
  readonly rows: number;
  readonly licence: string;
  /** Why the set is not present; null when it is. */
  readonly problem: string | null;
}

/** Where to look; what may be fetched is the command's choice. */
export type PlaceOptions = Omit<LocateOptions, "allowFetch">;

/** The set of this name, or UNKNOWN_NAME. */
export function dataSet(name: string): DataSet {
  const found = DATA_SETS.find(({ source }) => source.name === name);
  if (found === undefined) {
    throw unknownName(
      "data set",
      name,
      DATA_SETS.map(({ source }) => source.name),
    );
  }
  return found;
}

/** A row for every known set. Reads and hashes what is there; fetches nothing, and a set that fails is a row too. */
export async function listDataSets(options: PlaceOptions): Promise<DataSetRow[]> {
  const rows: DataSetRow[] = [];
  for (const { source } of DATA_SETS) {
    try {
      rows.push(presentRow(await locate(source, { ...options, allowFetch: false })));
    } catch (error) {
      if (!(error instanceof RoundoffError) || error.code === "INTERRUPTED") throw error;
      rows.push(row(source, { present: false, path: null, place: null, problem: error.message }));
    }
  }
  return rows;
}

/** Finds the set, downloading it into the cache if it is nowhere yet. Throws as `locate` does. */
export async function fetchDataSet(name: string, options: PlaceOptions): Promise<DataSetRow> {
  return presentRow(await locate(dataSet(name).source, { ...options, allowFetch: true }));
}

/** Finds the set on this machine and checks every byte. Throws as `locate` does. */
export async function verifyDataSet(name: string, options: PlaceOptions): Promise<DataSetRow> {
  return presentRow(await locate(dataSet(name).source, { ...options, allowFetch: false }));
}

/** Finds and decodes the set: the pictures of both splits and where they came from. Throws as `locate` does. */
export async function loadDataSet(name: string, options: LocateOptions): Promise<ImageSplits> {
  const { source, load } = dataSet(name);
  return load(await locate(source, options));
}

function presentRow({ source, place, path }: LocatedData): DataSetRow {
  return row(source, { present: true, path, place, problem: null });
}

function row(
  source: DataSource,
  found: { present: boolean; path: string | null; place: Place | null; problem: string | null },
): DataSetRow {
  return {
    name: source.name,
    present: found.present,
    path: found.path,
    source: found.place,
    sha256: sourceSha256(source),
    rows: source.rows.train + source.rows.test,
    licence: source.licence,
    problem: found.problem,
  };
}
