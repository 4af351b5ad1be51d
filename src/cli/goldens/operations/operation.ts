/** What a golden operation is: how a case's arguments become results, written with the graph builder and the modules. */
import type { Tensor } from "../../../graph/tensor.ts";
import type { Attributes } from "../attributes.ts";

/** The arguments of a case as tensors of its graph. */
export interface Arguments {
  get(name: string): Tensor;
  has(name: string): boolean;
}

export interface GoldenOperation {
  /** Arguments and results whose axes are N·C·rows·columns (or O·I·rows·columns) in the file. */
  readonly channelsLast: readonly string[];
  /** Arguments that are states of a module, and the module's name for them. */
  readonly states?: Readonly<Record<string, string>>;
  /** Results by name. Results that are states are read from the states themselves. */
  readonly build: (args: Arguments, attributes: Attributes) => Readonly<Record<string, Tensor>>;
}

/** Golden operations by the name that the manifest gives them. */
export type GoldenOperations = Readonly<Record<string, GoldenOperation>>;
