/** Golden cases of optimizers: steps from `param` with `grad0`, `grad1`, …, compared after each. */
import { RoundoffError } from "../../base/errors.ts";
import { evaluate } from "../../compile/evaluate.ts";
import { Graph } from "../../graph/graph.ts";
import type { ExternalArray, KernelSet } from "../../kernels/contract.ts";
import { appendUpdate, learningRateName } from "../../optim/append-update.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { Adagrad, Adam, AdamW, LAMB, LARS, RMSprop, SGD } from "../../optim/optimizers.ts";
import { addTrainingState, type ModelState } from "../../train/model-state.ts";
import { Attributes } from "./attributes.ts";
import type { GoldenCase, GoldenSet } from "./manifest.ts";
import type { Checked } from "./run-case.ts";

const PARAMETER = "param";
const GRADIENT = "grad";

export const isOptimizerCase = ({ op }: GoldenCase): boolean => op.startsWith("optim");

const shared = (a: Attributes, { lr, weightDecay = 0 }: { lr: number; weightDecay?: number }) => ({
  lr: a.number("lr", lr),
  weightDecay: a.number("weightDecay", weightDecay),
});
const adam = (a: Attributes) => ({
  betas: a.pair("betas", [0.9, 0.999]),
  eps: a.number("eps", 1e-8),
  amsgrad: a.boolean("amsgrad", false),
});
const momentum = (a: Attributes, value = 0) => ({
  momentum: a.number("momentum", value),
  nesterov: a.boolean("nesterov", false),
});

const OPTIMIZERS: Readonly<Record<string, (attributes: Attributes) => Optimizer>> = {
  optimSGD: (a) =>
    new SGD({ ...shared(a, { lr: 1e-3 }), ...momentum(a), dampening: a.number("dampening", 0) }),
  optimAdam: (a) => new Adam({ ...shared(a, { lr: 1e-3 }), ...adam(a) }),
  optimAdamW: (a) => new AdamW({ ...shared(a, { lr: 1e-3, weightDecay: 0.01 }), ...adam(a) }),
  optimRMSprop: (a) =>
    new RMSprop({
      ...shared(a, { lr: 1e-2 }),
      alpha: a.number("alpha", 0.99),
      eps: a.number("eps", 1e-8),
      momentum: a.number("momentum", 0),
      centered: a.boolean("centered", false),
    }),
  optimAdagrad: (a) =>
    new Adagrad({
      ...shared(a, { lr: 1e-2 }),
      lrDecay: a.number("lrDecay", 0),
      eps: a.number("eps", 1e-10),
      initialAccumulatorValue: a.number("initialAccumulatorValue", 0),
    }),
  optimLARS: (a) =>
    new LARS({
      ...shared(a, { lr: 1e-2 }),
      ...momentum(a, 0.9),
      trustCoefficient: a.number("trustCoefficient", 0.001),
      eps: a.number("eps", 1e-8),
    }),
  optimLAMB: (a) =>
    new LAMB({
      ...shared(a, { lr: 1e-3 }),
      betas: a.pair("betas", [0.9, 0.999]),
      eps: a.number("eps", 1e-6),
    }),
};

/** Runs the steps of a case. Throws UNSUPPORTED for an optimizer that Roundoff does not have. */
export async function runOptimizerCase(
  goldens: GoldenSet,
  golden: GoldenCase,
  kernels: KernelSet,
): Promise<Checked[]> {
  const create = OPTIMIZERS[golden.op];
  if (create === undefined) {
    throw new RoundoffError("UNSUPPORTED", { what: `there is no optimizer ${golden.op}` });
  }
  const attributes = new Attributes(golden.attrs);
  const optimizer = create(attributes);
  attributes.finish();
  const { shape, values } = goldens.tensor(golden.inputs[PARAMETER]);
  const graph = new Graph({ training: true });
  const parameter = graph.source({ kind: "state", name: PARAMETER }, shape, "weight");
  const gradient = graph.source({ kind: "input", name: GRADIENT }, shape, "gradWeight");
  const info = { name: PARAMETER, kind: "weight", shape } as const;
  const lossScaling = { kind: "none" } as const;
  appendUpdate(graph, optimizer, [{ info, parameter, gradient }], { lossScaling });
  const weights = Float32Array.from(values);
  const state: ModelState = new Map([[PARAMETER, { shape, data: weights }]]);
  addTrainingState(state, graph, lossScaling);
  const feeds = new Map<string, ExternalArray>([...state].map(([name, { data }]) => [name, data]));
  const checked: Checked[] = [];
  for (const [step, key] of Object.values(golden.outputs).entries()) {
    feeds.set(learningRateName(), Float32Array.from(optimizer.learningRates(step)));
    feeds.set(GRADIENT, Float32Array.from(goldens.tensor(golden.inputs[`${GRADIENT}${step}`]).values));
    await evaluate(graph, { kernels, feeds });
    checked.push({ label: `${PARAMETER}${step}`, values: weights.slice(), golden: goldens.tensor(key) });
  }
  return checked;
}
