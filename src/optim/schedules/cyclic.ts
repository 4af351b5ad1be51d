/**
 * The thirteen policies of LRBench as pure functions of the step: η(t) = |k₀ − k₁|·g(t) + min(k₀, k₁).
 * Source: Wu et al. 2019, Demystifying Learning Rate Policies for High Accuracy Training of Deep Neural Networks; the table
 * of git-disl/LRBench.
 */
import { RoundoffError } from "../../base/errors.ts";
import type { Schedule } from "./classic.ts";

export type CyclicPolicy = keyof typeof SHAPES;

export interface CyclicOptions {
  /** The policy's rates; the first seven of the table have k1 = 0. */
  readonly k0: number;
  readonly k1?: number;
  /** Half a period of the triangles and sines, the interval of STEP, the end of POLY. */
  readonly l?: number;
  readonly gamma?: number;
  /** Exponent of INV and POLY. */
  readonly p?: number;
  /** The intervals' ends of NSTEP. */
  readonly milestones?: readonly number[];
  /** COS: steps from one peak to the next. The table has l; LRBench's code 2·l. */
  readonly period?: number;
}

type Shape = (t: number, settings: Required<CyclicOptions>) => number;

const triangle = (t: number, l: number) =>
  (2 / Math.PI) * Math.abs(Math.asin(Math.sin((Math.PI * t) / (2 * l))));
const sine = (t: number, l: number) => Math.abs(Math.sin((Math.PI * t) / (2 * l)));
const halvings = (t: number, l: number) => 2 ** -Math.floor(t / (2 * l));

const SHAPES = {
  FIX: () => 1,
  STEP: (t, { gamma, l }) => gamma ** Math.floor(t / l),
  NSTEP: (t, { gamma, milestones }) => gamma ** milestones.filter((end) => t >= end).length,
  EXP: (t, { gamma }) => gamma ** t,
  INV: (t, { gamma, p }) => (1 + t * gamma) ** -p,
  POLY: (t, { l, p }) => (1 - Math.min(t, l) / l) ** p,
  TRI: (t, { l }) => triangle(t, l),
  TRI2: (t, { l }) => triangle(t, l) * halvings(t, l),
  TRIEXP: (t, { l, gamma }) => triangle(t, l) * gamma ** t,
  SIN: (t, { l }) => sine(t, l),
  SIN2: (t, { l }) => sine(t, l) * halvings(t, l),
  SINEXP: (t, { l, gamma }) => sine(t, l) * gamma ** t,
  COS: (t, { period }) => 0.5 * (1 + Math.cos((2 * Math.PI * t) / period)),
} as const satisfies Record<string, Shape>;

/** The settings that a policy cannot do without. */
const NEEDS: { readonly [Policy in CyclicPolicy]: readonly (keyof CyclicOptions)[] } = {
  FIX: [],
  STEP: ["gamma", "l"],
  NSTEP: ["gamma", "milestones"],
  EXP: ["gamma"],
  INV: ["gamma", "p"],
  POLY: ["l", "p"],
  TRI: ["l"],
  TRI2: ["l"],
  TRIEXP: ["l", "gamma"],
  SIN: ["l"],
  SIN2: ["l"],
  SINEXP: ["l", "gamma"],
  COS: ["l"],
};

/** @throws RoundoffError INVALID_ARGUMENT when a setting that the policy needs is missing. */
export function cyclic(policy: CyclicPolicy, options: CyclicOptions): Schedule {
  const missing = NEEDS[policy].filter((name) => options[name] === undefined);
  if (missing.length > 0) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: `the learning-rate policy ${policy} lacks settings`,
      expected: NEEDS[policy].join(", "),
      received: `no ${missing.join(", no ")}`,
    });
  }
  const { k0, k1 = 0, l = 1, gamma = 1, p = 1, milestones = [], period = l } = options;
  const settings = { k0, k1, l, gamma, p, milestones, period };
  const shape: Shape = SHAPES[policy];
  return (t) => Math.abs(k0 - k1) * shape(t, settings) + Math.min(k0, k1);
}
