import { describe, expect, it } from "vitest";
import {
  createOptimizer,
  OPTIMIZER_KINDS,
  type OptimizerConfig,
  type OptimizerKind,
  optimizerDefaults,
} from "./optimizer-config.ts";
import { Adagrad, Adam, AdamW, LAMB, LARS, RMSprop, SGD } from "./optimizers.ts";

const schedule = { kind: "constant", warmupSteps: 0 } as const;
const length = { totalSteps: 10, stepsPerEpoch: 5 };
const weight = { name: "fc.weight", kind: "weight", shape: [2, 3] } as const;
const bias = { name: "fc.bias", kind: "bias", shape: [2] } as const;

const configOf = (kind: OptimizerKind, settings?: OptimizerConfig["settings"]): OptimizerConfig => ({
  kind,
  ...optimizerDefaults(kind),
  schedule,
  settings,
});

describe("optimizers by configuration", () => {
  it("are the classes with the settings that were given", () => {
    const shared = { weightDecay: 0.1, clipValue: 2 };
    const config = { weightDecay: 0.1, learningRate: 1, schedule };
    const moments = { beta1: 0.8, beta2: 0.9, eps: 1e-3 };
    const betas = [0.8, 0.9] as const;
    const cases: [OptimizerConfig, { ruleOf: SGD["ruleOf"] }][] = [
      [
        { ...config, momentum: 0.5, settings: { clipValue: 2, nesterov: 1 } },
        new SGD({ ...shared, momentum: 0.5, nesterov: true }),
      ],
      [
        { ...config, kind: "adam", settings: { ...moments, amsgrad: 1, clipValue: 2 } },
        new Adam({ ...shared, betas, eps: 1e-3, amsgrad: true }),
      ],
      [
        { ...config, kind: "adamw", settings: { ...moments, clipValue: 2 } },
        new AdamW({ ...shared, betas, eps: 1e-3 }),
      ],
      [
        { ...config, kind: "rmsprop", momentum: 0.5, settings: { alpha: 0.9, centered: 1, clipValue: 2 } },
        new RMSprop({ ...shared, momentum: 0.5, alpha: 0.9, centered: true }),
      ],
      [
        { ...config, kind: "adagrad", settings: { lrDecay: 0.1, initialAccumulatorValue: 3, clipValue: 2 } },
        new Adagrad({ ...shared, lrDecay: 0.1, initialAccumulatorValue: 3 }),
      ],
      [
        { ...config, kind: "lars", momentum: 0.5, settings: { trustCoefficient: 0.1, clipValue: 2 } },
        new LARS({ ...shared, momentum: 0.5, trustCoefficient: 0.1 }),
      ],
      [
        { ...config, kind: "lamb", settings: { ...moments, clipValue: 2 } },
        new LAMB({ ...shared, betas, eps: 1e-3 }),
      ],
    ];
    for (const [given, expected] of cases)
      expect(createOptimizer(given, length).ruleOf(weight), given.kind).toEqual(expected.ruleOf(weight));
    expect(cases.map(([{ kind = "sgd" }]) => kind)).toEqual(OPTIMIZER_KINDS);
  });

  it.each(OPTIMIZER_KINDS)("%s leaves biases undecayed when it is told to", (kind) => {
    const optimizer = createOptimizer({ ...configOf(kind, { decayBiases: 0 }), weightDecay: 0.3 }, length);
    expect(optimizer.ruleOf(weight).rule.attrs).toMatchObject({ weightDecay: 0.3 });
    expect(optimizer.ruleOf(bias).rule.attrs).toMatchObject({ weightDecay: 0 });
    if (kind === "lars") expect(optimizer.ruleOf(bias).rule.op).toBe("sgdUpdate");
  });

  it("follow the schedule of the run", () => {
    const optimizer = createOptimizer(
      { learningRate: 0.5, weightDecay: 0, schedule: { kind: "cosine", warmupSteps: 0 } },
      length,
    );
    expect(optimizer.learningRates(5)[0]).toBeCloseTo(0.25, 12);
  });
});
