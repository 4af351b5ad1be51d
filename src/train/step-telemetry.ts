/**
 * What a step says of its own roundings: every so many steps the share of errors and gradients that become zero or lie
 * beyond the format, and for each step that was skipped the tensor that overflowed. Runs plans beside the step's own on
 * the same numbers, and leaves them as they were: no bit of the run depends on it.
 */
import { buildPlan } from "../compile/build-plan.ts";
import { type CountedTensor, countRoundings } from "../compile/rounding-counts.ts";
import type { Role } from "../graph/graph.ts";
import type { KernelSet, PreparedPlan } from "../kernels/contract.ts";
import type { OverflowedTensor, RoundingLoss } from "../runlog/schema.ts";
import { type NonFiniteProbe, prepareNonFiniteProbe } from "./first-non-finite.ts";
import type { ModelState } from "./model-state.ts";
import type { TrainStep } from "./train-step.ts";

/** The tensors that low precision loses first. */
const COUNTED_ROLES: ReadonlySet<Role> = new Set<Role>(["error", "gradWeight"]);

export class StepTelemetry {
  private readonly step: TrainStep;
  private readonly state: ModelState;
  private readonly kernels: KernelSet;
  private counting: Counting | undefined;
  private probe: NonFiniteProbe | undefined;

  constructor(step: TrainStep, state: ModelState, kernels: KernelSet) {
    this.step = step;
    this.state = state;
    this.kernels = kernels;
  }

  /** What the roundings of the step lose whose batch and controls are in place. Empty where a recipe rounds nothing. */
  async roundingLosses(): Promise<readonly RoundingLoss[]> {
    this.counting ??= prepareCounting(this.step, this.kernels);
    const { tensors, prepared, read } = this.counting;
    if (tensors.length === 0) return [];
    await prepared.run();
    return tensors.map(({ path, role, elements, before, after, beyond }) => ({
      tensor: path,
      role,
      elements,
      // A NaN makes a tensor with a shared exponent NaN as a whole, its zeros too: nothing was flushed there.
      flushed: Math.max(0, read(before) - read(after)),
      beyond: read(beyond),
    }));
  }

  /**
   * The first tensor, in the order of computation, with a NaN or infinity in it, of the step that has just been skipped: its
   * batch and loss scale are still in place. Runs it again, and puts the state back as the step left it.
   */
  async overflowed(): Promise<OverflowedTensor | undefined> {
    const { built, externals } = this.step.plan;
    this.probe ??= prepareNonFiniteProbe(built, this.kernels, externals);
    const present = [...this.state.values()].map(({ data }) => ({ data, copy: data.slice() }));
    try {
      return await this.probe.run();
    } finally {
      for (const { data, copy } of present) data.set(copy);
    }
  }
}

interface Counting {
  readonly tensors: readonly CountedTensor[];
  readonly prepared: PreparedPlan;
  readonly read: (names: readonly string[]) => number;
}

function prepareCounting({ plan: { graph, externals } }: TrainStep, kernels: KernelSet): Counting {
  const counting = countRoundings(graph, COUNTED_ROLES);
  const counts = new Map([...counting.graph.outputs.keys()].map((name) => [name, new Float32Array(1)]));
  const { plan } = buildPlan(counting.graph);
  return {
    tensors: counting.tensors,
    prepared: kernels.prepare(plan, new Map([...externals, ...counts])),
    read: (names) => names.reduce((sum, name) => sum + counts.get(name)![0], 0),
  };
}
