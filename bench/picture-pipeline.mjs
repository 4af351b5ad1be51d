/**
 * How many pictures a second the data pipeline prepares for training: read, decode, random crop, resize, normalise. Makes a folder of
 * JPEG pictures (500 × 375, as ImageNet's are on average) in a temporary place and reads it with 0 (the caller's thread), 1, 2, … worker
 * threads, in turn, round by round; prints the best round of each, and the parts of one picture alone.
 * Usage: node bench/picture-pipeline.mjs [--pictures N] [--size PX] [--workers 0,1,2] [--rounds N] [--json]   (needs dist/)
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openBatches } from "../dist/data/batches.js";
import { decodePicture, loadCodecs } from "../dist/data/images/decode-picture.js";
import { openPictures } from "../dist/data/images/open-pictures.js";
import { writeView } from "../dist/data/images/picture-view.js";
import { HEIGHT, WIDTH, writePictures } from "./pictures.mjs";

const BATCH = 16;

const { values } = parseArgs({
  options: {
    pictures: { type: "string", default: "128" },
    size: { type: "string", default: "224" },
    workers: { type: "string", default: "0,1,2" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});
const size = Number(values.size);

/** Pictures a second of one epoch, the start of the threads left out: the first batch is waited for. */
async function rate(index, workers, epoch) {
  const batches = openBatches(index, { seed: 1, batchSize: BATCH, testBatchSize: BATCH, size, workers });
  let pictures = 0;
  let began = 0;
  for await (const { examples } of batches.train.pass(epoch)) {
    if (began === 0) began = performance.now();
    else pictures += examples;
  }
  const seconds = (performance.now() - began) / 1000;
  await batches.close();
  return pictures / seconds;
}

/** Milliseconds of decoding and of cropping, resizing and normalising, the best of several. */
async function parts(path) {
  const codecs = await loadCodecs();
  const bytes = readFileSync(path);
  const target = new Float32Array(size * size * 3);
  const best = { decode: Infinity, view: Infinity };
  for (let epoch = 0; epoch < 20; epoch++) {
    const began = performance.now();
    const picture = decodePicture(bytes, path, { codecs });
    const decoded = performance.now();
    writeView(picture, { kind: "random", seed: 1, epoch, example: 0 }, { target, offset: 0, size });
    best.decode = Math.min(best.decode, decoded - began);
    best.view = Math.min(best.view, performance.now() - decoded);
  }
  return best;
}

const directory = mkdtempSync(join(tmpdir(), "roundoff-pictures-"));
try {
  writePictures(directory, Number(values.pictures));
  const index = openPictures("imagefolder", { directory });
  const { decode, view } = await parts(index.train[0].path);
  const rows = values.workers
    .split(",")
    .map((workers) => ({ workers: Number(workers), picturesPerSecond: 0 }));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const row of rows) {
      row.picturesPerSecond = Math.max(row.picturesPerSecond, await rate(index, row.workers, round));
    }
  }
  const machine = `${cpus()[0].model}, ${cpus().length} processors, load ${loadavg()[0].toFixed(1)}`;
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ machine, size, decodeMs: decode, viewMs: view, rows })}\n`);
  } else {
    console.log(
      `one picture of ${WIDTH} × ${HEIGHT}: decode ${decode.toFixed(1)} ms, crop to ${size} ${view.toFixed(1)} ms`,
    );
    for (const { workers, picturesPerSecond } of rows) {
      console.log(`${workers} workers: ${picturesPerSecond.toFixed(1)} pictures/s`);
    }
    console.log(machine);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
