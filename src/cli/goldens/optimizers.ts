/** Golden cases of optimizers: five steps from `param` with `grad0…grad4`, compared after each. */
import { RoundoffError } from "../../base/errors.ts";
import { evaluate } from "../../compile/evaluate.ts";
import { Graph } from "../../graph/graph.ts";
import type { ExternalArray, KernelSet } from "../../kernels/contract.ts";
import { appendSgd, LEARNING_RATE, momentumName } from "../../optim/sgd.ts";
import { Attributes } from "./attributes.ts";
import type { GoldenCase, GoldenSet } from "./manifest.ts";
import type { Checked } from "./run-case.ts";

const PARAMETER = "param";
const GRADIENT = "grad";

export const isOptimizerCase = ({ op }: GoldenCase): boolean => op.startsWith("optim");

/** Runs the steps of a case. Throws UNSUPPORTED for an optimizer that Roundoff does not have. */
export async function runOptimizerCase(
  goldens: GoldenSet,
  golden: GoldenCase,
  kernels: KernelSet,
): Promise<Checked[]> {
  if (golden.op !== "optimSGD") {
    throw new RoundoffError("UNSUPPORTED", { what: `there is no optimizer ${golden.op}` });
  }
  const attributes = new Attributes(golden.attrs);
  const learningRate = attributes.number("lr", 0.1);
  const options = {
    momentum: attributes.number("momentum", 0),
    weightDecay: attributes.number("weightDecay", 0),
    nesterov: attributes.boolean("nesterov", false),
  };
  attributes.finish();
  const { shape, values } = goldens.tensor(golden.inputs[PARAMETER]);
  const graph = new Graph({ training: true });
  const parameter = graph.source({ kind: "state", name: PARAMETER }, shape, "weight");
  const gradient = graph.source({ kind: "input", name: GRADIENT }, shape, "gradWeight");
  graph.during("update", () => appendSgd(graph, parameter, gradient, options));
  const weights = Float32Array.from(values);
  const feeds = new Map<string, ExternalArray>([
    [PARAMETER, weights],
    [momentumName(PARAMETER), new Float32Array(weights.length)],
    [LEARNING_RATE, new Float32Array([learningRate])],
  ]);
  const checked: Checked[] = [];
  for (const [step, key] of Object.values(golden.outputs).entries()) {
    feeds.set(GRADIENT, Float32Array.from(goldens.tensor(golden.inputs[`${GRADIENT}${step}`]).values));
    await evaluate(graph, { kernels, feeds });
    checked.push({ label: `${PARAMETER}${step}`, values: weights.slice(), golden: goldens.tensor(key) });
  }
  return checked;
}
