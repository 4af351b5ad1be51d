/** A worker thread of `RowPool`: prepares the rows that it is sent and answers with what is wrong with each, if anything. */
import { parentPort } from "node:worker_threads";
import { RoundoffError } from "../../base/errors.ts";
import { loadCodecs } from "./decode-picture.ts";
import { type PictureJob, prepareRow } from "./prepare-row.ts";
import type { RowAnswer } from "./row-pool.ts";

const codecs = await loadCodecs();

parentPort?.on("message", ({ id, job }: { id: number; job: PictureJob }) => {
  parentPort?.postMessage(answer(id, job));
});

function answer(id: number, job: PictureJob): RowAnswer {
  try {
    return { id, fault: prepareRow(job, codecs) };
  } catch (error) {
    // An error loses its class on the way to another thread; its parts do not.
    if (error instanceof RoundoffError) {
      const { what, expected, received, hint } = error.parts;
      return { id, refused: { code: error.code, parts: { what, expected, received, hint } } };
    }
    return { id, crashed: String((error as Error)?.stack ?? error) };
  }
}
