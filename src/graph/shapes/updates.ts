/** Shapes of the end of a training step. Part of shapes.ts. */
import {
  OPTIMIZER_OPS,
  OPTIMIZER_STATES,
  type OptimizerOp,
  type UpdateAttrs,
} from "../../kernels/contract/updates.ts";
import { mismatch, type OutputSpec, type ShapeRule, type ShapeRules, same } from "./rule.ts";

type ControlOp = Exclude<keyof UpdateAttrs, OptimizerOp>;

const controlShapes: Pick<ShapeRules, ControlOp> = {
  countNonFinite: () => [{ shape: [], role: "control" }],
  lossScaleUpdate: ([state]) => [{ shape: state, role: "control" }],
  countStep: ([step]) => [{ shape: step, role: "control" }],
  clipByNorm: () => [
    { shape: [], role: "control" },
    { shape: [], role: "control" },
  ],
  emaUpdate: ([average, w]) => [{ shape: same("average and parameter", average, w) }],
};

const optimizerShapes = Object.fromEntries(
  OPTIMIZER_OPS.map((op) => [op, optimizerShape(op)]),
) as unknown as Pick<ShapeRules, OptimizerOp>;

/** w′ and the states, all of the shape of w. */
function optimizerShape<Op extends OptimizerOp>(op: Op): ShapeRule<Op> {
  return (shapes, attrs) => {
    const states = OPTIMIZER_STATES[op](attrs as UpdateAttrs[Op]);
    const [w, g] = shapes;
    const inputs = states + 4;
    if (![0, 2, 3].includes(shapes.length - inputs)) {
      throw mismatch(
        "wrong number of operands",
        `${inputs}, ${inputs + 2} or ${inputs + 3}`,
        `${shapes.length}`,
      );
    }
    same("parameter and gradient", w, g);
    for (let i = 0; i < states; i++) same("parameter and optimizer state", w, shapes[2 + i]);
    const state: OutputSpec = { shape: w, role: "optimizerState" };
    return [{ shape: w }, ...new Array<OutputSpec>(states).fill(state)];
  };
}

export const updateShapes: Pick<ShapeRules, keyof UpdateAttrs> = { ...controlShapes, ...optimizerShapes };
