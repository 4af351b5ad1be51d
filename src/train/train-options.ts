/** What a caller tells a run, and what it is told: while the run goes on, and at its end. */
import type { FileLayer } from "../base/durable-directory.ts";
import type { TrainingData } from "../data/batches.ts";
import type { KernelSet } from "../kernels/contract.ts";
import type { EndStatus, KernelRecord, NonFiniteTensor } from "../runlog/schema.ts";
import type { TrainConfig } from "./config.ts";
import type { InitialWeights } from "./initial-weights.ts";

export interface TrainOptions {
  readonly config: TrainConfig;
  readonly data: TrainingData;
  /** Threads that decode pictures from the disk; no bit depends on it. Default: half the processors, one to eight. */
  readonly dataWorkers?: number;
  readonly kernels: KernelSet;
  /** What the record says of the kernels. */
  readonly kernelRecord: KernelRecord;
  /** Directory of the record and the checkpoint; made if it does not exist. */
  readonly out: string;
  /** Go on from the checkpoint in `out`, if there is one. */
  readonly resume?: boolean;
  /** Begin anew over what is in `out`. */
  readonly replace?: boolean;
  /** Weights to begin with. Of a run that goes on, only their hash counts: it must be that of the beginning. */
  readonly initialWeights?: InitialWeights;
  /** Steps between checkpoints within an epoch; every epoch ends with one in any case. Default: none within. */
  readonly checkpointEvery?: number;
  /** How many checkpoints stay. Default: 2. */
  readonly keep?: number;
  /** The file operations that checkpoints are written with; tests make them fail. */
  readonly files?: FileLayer;
  /** Told what the record's warnings say. */
  readonly onWarning?: (message: string) => void;
  /** The command line for the record. */
  readonly command: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
}

export interface TrainProgress {
  readonly phase: "train" | "evaluate";
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  /** Share of right predictions: of the epoch so far, or of the test split. */
  readonly accuracy: number;
  readonly samplesPerSecond: number;
}

export interface TrainResult {
  readonly status: EndStatus;
  readonly metrics: Readonly<Record<string, number>>;
  readonly steps: number;
  /** Training only, evaluation left out. */
  readonly samplesPerSecond: number;
  readonly recordPath: string;
  /** The arrays of the last checkpoint; its manifest lies beside them. */
  readonly checkpointPath: string;
  /** Of a diverged run: where the first NaN or infinity appeared. */
  readonly firstNonFinite?: NonFiniteTensor;
}
