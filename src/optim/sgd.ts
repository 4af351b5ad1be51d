/**
 * Stochastic gradient descent as PyTorch defines it (momentum buffer starts at zero, dampening 0). Appends update nodes
 * to a graph; the arithmetic is the contract's sgdUpdate.
 */
import type { Graph, Role, Value } from "../graph/graph.ts";
import type { ScaleControl } from "../precision/loss-scaling.ts";

export interface SgdOptions {
  readonly momentum?: number;
  /** L2 coefficient, added to the gradient of every parameter. */
  readonly weightDecay?: number;
  readonly nesterov?: boolean;
}

/** Name of the external f32 [1] array that holds the step's learning rate. */
export const LEARNING_RATE = "learningRate";

/** The momentum state of a parameter. */
export const momentumName = (parameter: string) => `${parameter}.momentum`;

/** Appends w′, v′ for one parameter and registers them as state updates. */
export function appendSgd(
  graph: Graph,
  parameter: Value,
  gradient: Value,
  { momentum = 0, weightDecay = 0, nesterov = false }: SgdOptions,
  control?: ScaleControl,
): void {
  const velocity = graph.source(
    { kind: "state", name: momentumName(parameter.source!.name) },
    parameter.shape,
    "optimizerState",
  );
  const rate = graph.source({ kind: "input", name: LEARNING_RATE }, [1], "control");
  const inputs = [parameter, gradient, velocity, rate, ...(control ? [control.state, control.found] : [])];
  const role: Role = parameter.role === "weight" ? "masterWeight" : "masterBias";
  const [nextWeight, nextVelocity] = graph.apply("sgdUpdate", inputs, { momentum, weightDecay, nesterov }, [
    role,
    "optimizerState",
  ]);
  graph.update(parameter, nextWeight);
  graph.update(velocity, nextVelocity);
}
