/**
 * What a picture classifier's `forward` gives: logits, or logits with those of auxiliary classifiers beside them, which
 * count in the training loss by their weight and in nothing else.
 */
import { Tensor } from "../graph/tensor.ts";
import type { Module } from "../nn/index.ts";

export interface AuxiliaryLogits {
  readonly logits: Tensor;
  /** What the loss of these logits is multiplied by. */
  readonly weight: number;
}

export interface LogitsWithAuxiliary {
  readonly logits: Tensor;
  readonly auxiliary: readonly AuxiliaryLogits[];
}

export type ClassifierOutput = Tensor | LogitsWithAuxiliary;
export type Classifier = Module<ClassifierOutput>;

/** Both forms as one. */
export function classifierLogits(output: ClassifierOutput): LogitsWithAuxiliary {
  return output instanceof Tensor ? { logits: output, auxiliary: [] } : output;
}
