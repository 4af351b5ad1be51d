/**
 * Threads that prepare rows of batches, or none: then the caller's thread does it. Jobs go to whichever worker is free; rows do
 * not depend on that. Closing ends the threads at once; what was under way is rejected.
 */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type ErrorCode, type ErrorParts, RoundoffError } from "../../base/errors.ts";
import { type Codecs, loadCodecs } from "./decode-picture.ts";
import { type PictureJob, prepareRow, type RowFault } from "./prepare-row.ts";

/** What a worker says of a job: done, or with a fault of the picture; refused for all pictures; or broken. */
export interface RowAnswer {
  readonly id: number;
  readonly fault?: RowFault;
  readonly refused?: { readonly code: ErrorCode; readonly parts: ErrorParts };
  readonly crashed?: string;
}

export interface RowPool {
  /** Rejects with RoundoffError for what concerns every picture, and when the pool is closed. */
  prepare(job: PictureJob): Promise<RowFault>;
  close(): Promise<void>;
}

/** Jobs that a worker has at a time: one under way, one that it need not wait for. */
const JOBS_PER_WORKER = 2;

/** @param workers threads; 0: prepare in the caller's thread. */
export function createRowPool(workers: number): RowPool {
  return workers === 0 ? new OwnThread() : new Threads(workers);
}

class OwnThread implements RowPool {
  private codecs: Promise<Codecs> | undefined;

  async prepare(job: PictureJob): Promise<RowFault> {
    this.codecs ??= loadCodecs();
    return prepareRow(job, await this.codecs);
  }

  async close(): Promise<void> {}
}

interface Waiting {
  readonly id: number;
  readonly job: PictureJob;
  readonly resolve: (fault: RowFault) => void;
  readonly reject: (error: Error) => void;
}

interface WorkerThread {
  readonly worker: Worker;
  /** Its jobs by number. */
  readonly busy: Map<number, Waiting>;
}

class Threads implements RowPool {
  private readonly queue: Waiting[] = [];
  private readonly count: number;
  /** Started with the first job. */
  private workers: readonly WorkerThread[] = [];
  private nextId = 0;
  /** Why no more jobs are taken. */
  private ended: Error | undefined;

  constructor(count: number) {
    this.count = count;
  }

  prepare(job: PictureJob): Promise<RowFault> {
    return new Promise((resolve, reject) => {
      if (this.ended !== undefined) return reject(this.ended);
      if (this.workers.length === 0) this.workers = Array.from({ length: this.count }, () => this.start());
      this.queue.push({ id: this.nextId++, job, resolve, reject });
      this.send();
    });
  }

  async close(): Promise<void> {
    this.end(new RoundoffError("INTERRUPTED", { what: "the pictures are no longer needed" }));
    await Promise.all(this.workers.map(({ worker }) => worker.terminate()));
  }

  private start(): WorkerThread {
    const worker = new Worker(workerFile());
    const busy = new Map<number, Waiting>();
    worker.on("message", (answer: RowAnswer) => this.answered(answer, busy));
    worker.on("error", (error) => this.end(error));
    worker.on("exit", (code) => this.end(new Error(`a worker thread ended with code ${code}`)));
    return { worker, busy };
  }

  private send(): void {
    while (this.queue.length > 0) {
      const { worker, busy } = this.workers.reduce((a, b) => (b.busy.size < a.busy.size ? b : a));
      if (busy.size === JOBS_PER_WORKER) return;
      const next = this.queue.shift()!;
      busy.set(next.id, next);
      worker.postMessage({ id: next.id, job: next.job });
    }
  }

  private answered({ id, fault, refused, crashed }: RowAnswer, busy: Map<number, Waiting>): void {
    const waiting = busy.get(id);
    busy.delete(id);
    if (crashed !== undefined) waiting?.reject(new Error(crashed));
    else if (refused !== undefined) waiting?.reject(new RoundoffError(refused.code, refused.parts));
    else waiting?.resolve(fault);
    if (this.ended === undefined) this.send();
  }

  /** Rejects everything that waits; the first reason counts. */
  private end(reason: Error): void {
    if (this.ended !== undefined) return;
    this.ended = reason;
    const waiting = [...this.queue.splice(0), ...this.workers.flatMap(({ busy }) => [...busy.values()])];
    for (const { reject } of waiting) reject(reason);
  }
}

/**
 * The worker's program beside this file. Node 20 cannot run TypeScript in a thread: where this is the source, run by the tests, the
 * built file serves (`npm run setup` brings it up to date).
 */
function workerFile(): string {
  const built = import.meta.url.endsWith(".ts")
    ? "../../../dist/data/images/row-worker.js"
    : "./row-worker.js";
  return fileURLToPath(new URL(built, import.meta.url));
}
