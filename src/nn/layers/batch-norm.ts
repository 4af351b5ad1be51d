/**
 * Batch normalisation with PyTorch's options. Channels are the last axis; parameters and running statistics have PyTorch's
 * names. Source: Ioffe & Szegedy 2015.
 */
import { RoundoffError } from "../../base/errors.ts";
import type { Role } from "../../graph/graph.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { apply, applyAll, filled } from "../functional/apply.ts";
import { constant } from "../initializers.ts";
import { Module, Parameter, StateBuffer } from "../module.ts";

export interface BatchNormOptions {
  readonly eps?: number;
  /** Weight of the batch in the running statistics, as in PyTorch; null: the average of all batches so far. */
  readonly momentum?: number | null;
  /** False: no weight and no bias. */
  readonly affine?: boolean;
  /** False: no running statistics, the batch's own in evaluation too. */
  readonly trackRunningStats?: boolean;
}

const STATISTIC: readonly Role[] = ["statistic"];

export interface FixedStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly eps: number;
  /** Default: all ones. */
  readonly weight?: Tensor;
  /** Default: all zeros. */
  readonly bias?: Tensor;
}

/** y = x·scale + offset with per-channel constants. These are statistics: they stay in FP32. */
export function normalizeBy(x: Tensor, { mean, variance, eps, weight, bias }: FixedStatistics): Tensor {
  const channels = x.shape.slice(-1);
  const shifted = apply("affine", [variance], { scale: 1, offset: eps }, STATISTIC);
  const invStd = apply("unary", [shifted], { kind: "rsqrt" }, STATISTIC);
  const scale = apply("binary", [weight ?? filled(x, channels, 1), invStd], { kind: "mul" }, STATISTIC);
  const moved = apply("binary", [mean, scale], { kind: "mul" }, STATISTIC);
  const offset = apply("binary", [bias ?? filled(x, channels, 0), moved], { kind: "sub" }, STATISTIC);
  return apply("binary", [x, scale], { kind: "mul" }, STATISTIC).add(offset);
}

/** Batch normalisation of x[…, C]. In evaluation it uses the running statistics. */
abstract class BatchNorm extends Module {
  readonly weight?: Parameter;
  readonly bias?: Parameter;
  readonly running_mean?: StateBuffer;
  readonly running_var?: StateBuffer;
  /** Only for momentum null, which counts. */
  readonly num_batches_tracked?: StateBuffer;
  private readonly eps: number;
  private readonly momentum: number | null;

  constructor(channels: number, options: BatchNormOptions = {}) {
    super();
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true } = options;
    if (affine) {
      this.weight = new Parameter([channels], "bias", constant(1));
      this.bias = new Parameter([channels], "bias", constant(0));
    }
    if (trackRunningStats) {
      this.running_mean = new StateBuffer([channels], 0);
      this.running_var = new StateBuffer([channels], 1);
      if (momentum === null) this.num_batches_tracked = new StateBuffer([], 0);
    }
    this.eps = eps;
    this.momentum = momentum;
  }

  protected abstract readonly ranks: readonly number[];

  forward(x: Tensor): Tensor {
    if (!this.ranks.includes(x.shape.length)) {
      throw new RoundoffError("SHAPE_MISMATCH", {
        what: `${this.constructor.name} got an input of the wrong rank`,
        expected: this.ranks.map((rank) => `${rank} axes`).join(" or "),
        received: `${x.shape.length} axes`,
      });
    }
    const running = this.runningStatistics(x);
    if (running === undefined) return this.normalizeByBatch(x, 0)[0];
    return x.graph.training ? this.trainWith(x, running) : this.normalizeByRunning(x, running);
  }

  private runningStatistics(x: Tensor): readonly [Tensor, Tensor] | undefined {
    if (this.running_mean === undefined || this.running_var === undefined) return undefined;
    return [this.running_mean.in(x), this.running_var.in(x)];
  }

  private scaleAndOffset(x: Tensor): readonly [Tensor, Tensor] {
    const channels = x.shape.slice(-1);
    return [this.weight?.in(x) ?? filled(x, channels, 1), this.bias?.in(x) ?? filled(x, channels, 0)];
  }

  /** y, mean, invStd, and what the running statistics become. */
  private normalizeByBatch(
    x: Tensor,
    momentum: number,
    running?: readonly [Tensor, Tensor],
  ): readonly Tensor[] {
    const channels = x.shape.slice(-1);
    const [mean, variance] = running ?? [0, 1].map((value) => filled(x, channels, value, "statistic"));
    const attrs = { eps: this.eps, momentum };
    return applyAll("batchNormTrain", [x, ...this.scaleAndOffset(x), mean, variance], attrs);
  }

  private trainWith(x: Tensor, running: readonly [Tensor, Tensor]): Tensor {
    const { graph } = x;
    // Momentum 1 gives the batch's own statistics.
    const [y, , , ...next] = this.normalizeByBatch(x, this.momentum ?? 1, running);
    const averaged = this.num_batches_tracked === undefined ? next : this.averageWith(x, running, next);
    running.forEach((state, i) => {
      graph.update(state.value, averaged[i].value);
    });
    return y;
  }

  /** The mean of the statistics of all batches: old + (batch − old) / number of batches. */
  private averageWith(x: Tensor, running: readonly Tensor[], batch: readonly Tensor[]): readonly Tensor[] {
    const counter = this.num_batches_tracked!.in(x);
    const count = apply("affine", [counter], { scale: 1, offset: 1 }, STATISTIC);
    x.graph.update(counter.value, count.value);
    return running.map((old, i) => {
      const step = apply("binary", [batch[i], old], { kind: "sub" }, STATISTIC);
      const share = apply("binary", [step, count], { kind: "div" }, STATISTIC);
      return apply("binary", [old, share], { kind: "add" }, STATISTIC);
    });
  }

  private normalizeByRunning(x: Tensor, [mean, variance]: readonly [Tensor, Tensor]): Tensor {
    const [weight, bias] = this.scaleAndOffset(x);
    return normalizeBy(x, { mean, variance, eps: this.eps, weight, bias });
  }
}

/** Of images x[N, H, W, C]. */
export class BatchNorm2d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [4];
  }
}

/** Of features x[N, C] or sequences x[N, L, C]. */
export class BatchNorm1d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [2, 3];
  }
}
