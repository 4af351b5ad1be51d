/**
 * A tiny data set in the shape of Fashion-MNIST, made by rule, for the tests of this folder. Never offered as data.
 */
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { ImageSet } from "./image-set.ts";
import type { DataSource } from "./source.ts";

/** An IDX file of unsigned bytes. */
export function idxBytes(shape: readonly number[], elements: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + elements.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0800 | shape.length);
  shape.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  bytes.set(elements, 4 + 4 * shape.length);
  return bytes;
}

/** Two small files, and the record that names their hashes. `installed` stands for the Debian package's path. */
export function tinySource(installed: string): { source: DataSource; payloads: Record<string, Uint8Array> } {
  const payloads: Record<string, Uint8Array> = {
    "tiny-images": idxBytes([2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]),
    "tiny-labels": idxBytes([2], [0, 1]),
  };
  const files = Object.entries(payloads).map(([name, bytes]) => ({
    name,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  }));
  const source: DataSource = {
    name: "tiny",
    description: "two pictures",
    files,
    rows: { train: 1, test: 1 },
    licence: "none",
    citation: "none",
    debian: { package: "dataset-tiny", directory: installed },
    addresses: ["http://first.invalid/tiny", "http://second.invalid/tiny"],
  };
  return { source, payloads };
}

/** Writes `payloads` as `name.gz` files. */
export async function writeGzipped(directory: string, payloads: Record<string, Uint8Array>): Promise<void> {
  for (const [name, bytes] of Object.entries(payloads)) {
    await writeFile(join(directory, `${name}.gz`), gzipSync(bytes));
  }
}

/** Runs `body` with a directory that is gone afterwards. */
export async function inTemporaryDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "roundoff-data-"));
  try {
    await body(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** `count` pictures whose pixel at (row, column) is 1 + example·16 + row·4 + column, 4×4 or as given. */
export function ruledImages(count: number, size = 4): ImageSet {
  const pixels = size * size;
  return {
    name: "ruled",
    images: Uint8Array.from({ length: count * pixels }, (_, index) => 1 + (index % 255)),
    height: size,
    width: size,
    channels: 1,
    labels: Uint8Array.from({ length: count }, (_, index) => index % 10),
    classes: 10,
    sha256: "ruled",
    mean: 0,
    // Then a normalised value is exactly pixel / 255 / (1 / 255) = pixel, up to one rounding.
    std: 1 / 255,
  };
}
