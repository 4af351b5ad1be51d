/**
 * The lines of a run record: what a training run says about itself, one JSON object per line. Two equal runs give
 * byte-identical records, so no wall-clock time is in here; times go into a timing file beside it. Runs in a browser
 * too. Whoever adds a field makes it optional; whoever changes the meaning of one raises `RECORD_VERSION`.
 */

/** The version that this code writes, and the only one it reads. */
export const RECORD_VERSION = 1;

/** A setting as JSON knows it; numbers may also be NaN or infinite. */
export type SettingValue =
  | string
  | number
  | boolean
  | null
  | readonly SettingValue[]
  | { readonly [name: string]: SettingValue };
export type Settings = Readonly<Record<string, SettingValue>>;

/** The first line: everything that determines the run, and on what it ran. */
export interface HeaderLine {
  readonly type: "header";
  readonly version: typeof RECORD_VERSION;
  readonly model: string;
  readonly recipe: string;
  readonly data: DataRecord;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: Settings;
  /** Of the file of weights that the run began with; absent: they were random. */
  readonly initialWeightsSha256?: string;
  readonly recipeSettings: Settings;
  readonly kernels: KernelRecord;
  /** The command line, as one would type it again. */
  readonly command: string;
  readonly roundoffVersion: string;
  readonly nodeVersion: string;
}

export interface DataRecord {
  readonly name: string;
  /** Hash of the whole set's payload. */
  readonly sha256: string;
  /** The kind of place it was found in. */
  readonly source: string;
  /** Rows in use, after any limit. */
  readonly trainRows: number;
  readonly testRows: number;
}

export interface KernelRecord {
  /** The kernel set, such as `native`. */
  readonly name: string;
  /** The instruction sets it uses, such as `avx2`. */
  readonly tier: string;
  readonly threads: number;
  readonly cpu: string;
}

/** One training step. Steps and epochs count from 1; steps over the whole run. */
export interface StepLine {
  readonly type: "step";
  readonly step: number;
  readonly epoch: number;
  /** Mean loss of the batch, unscaled. */
  readonly loss: number;
  readonly learningRate: number;
  readonly lossScale?: number;
  /** Updates left out so far because a gradient was not finite. */
  readonly skippedSteps?: number;
  /** Examples of the batch whose class was predicted right, of `examples`. */
  readonly correct: number;
  readonly examples: number;
  /** Of a step that was skipped: the first tensor with a NaN or infinity in it. */
  readonly overflow?: OverflowedTensor;
  /** Of the steps that were looked at: what each rounding of errors and weight gradients lost. */
  readonly rounding?: readonly RoundingLoss[];
}

export type OverflowedTensor = Omit<NonFiniteTensor, "step">;

/**
 * The roundings of one role in one module in one step; all numbers are elements. Roles `sum.output`, `sum.gradInput` and
 * `sum.gradWeight` are the results of GEMMs whose sums may overflow: `beyond` counts those that an overflow has changed.
 */
export interface RoundingLoss {
  /** Path of the module, such as `layer1.0.conv1`. */
  readonly tensor: string;
  readonly role: string;
  readonly elements: number;
  /** Not zero before the rounding, and zero after it. */
  readonly flushed: number;
  /** Larger than the format's largest finite value before the rounding, infinities included. */
  readonly beyond: number;
}

/** The end of an epoch: `step` is the last step taken. Accuracies are fractions from 0 to 1. */
export interface EpochLine {
  readonly type: "epoch";
  readonly epoch: number;
  readonly step: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
  /** Pictures that were left out because they could not be used, in training and in the test; absent: none. */
  readonly skippedPictures?: number;
}

export const END_STATUSES = ["finished", "diverged", "interrupted"] as const;
export type EndStatus = (typeof END_STATUSES)[number];

/**
 * Something that a reader of the results should know. After `step` the run was resumed under other kernels, or from an older
 * checkpoint because the newest was damaged: equal, undisturbed runs do not have these. Or an input was left out, in the batch
 * of `step` or in the test after it; with step 0 from the list of pictures: equal runs have the same.
 */
export interface WarningLine {
  readonly type: "warning";
  readonly step: number;
  readonly code: (typeof WARNING_CODES)[number];
  readonly message: string;
}

export const WARNING_CODES = ["kernelsChanged", "checkpointDamaged", "inputSkipped"] as const;

/** Where the first NaN or infinity of a run that could not go on appeared, in the order of computation. */
export interface NonFiniteTensor {
  readonly step: number;
  /** Path of the module, such as `layer1.0.conv1`. */
  readonly tensor: string;
  /** What the tensor is for, such as `activation`. */
  readonly role: string;
  /** The operation that made it, such as `conv2d`. */
  readonly operation: string;
}

/** The last line of a run that came to an end. A record without one was cut off, or is still being written. */
export interface EndLine {
  readonly type: "end";
  readonly status: EndStatus;
  readonly metrics: Readonly<Record<string, number>>;
  /** Of a diverged run. */
  readonly firstNonFinite?: NonFiniteTensor;
}

export type RecordLine = HeaderLine | StepLine | EpochLine | WarningLine | EndLine;

/** A line of the timing file: how long the steps since the line before took, and the rate over them. */
export interface TimingLine {
  readonly type: "timing";
  readonly step: number;
  readonly seconds: number;
  readonly samplesPerSecond: number;
}
