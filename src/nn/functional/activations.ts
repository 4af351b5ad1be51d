/** Activation functions that are more than a method of Tensor: with a weight, or of parts of their input. PyTorch's names. */
import { Tensor } from "../../graph/tensor.ts";
import { apply } from "./apply.ts";

/**
 * x where it is positive, weight·x elsewhere. weight: one number, or one per channel of `axis` (default: the last, as
 * images are NHWC).
 */
export function prelu(x: Tensor, weight: Tensor, axis = -1): Tensor {
  const at = axis < 0 ? axis + x.rank : axis;
  const perChannel =
    weight.shape.at(0) === 1 ? weight : weight.reshape(x.shape.slice(at).map((_, a) => (a === 0 ? -1 : 1)));
  // Not stored: only the result is ever rounded.
  const [scaled] = x.graph.apply("binary", [x.value, perChannel.value], { kind: "mul" }, ["statistic"]);
  return x.where(x.gt(0), new Tensor(x.graph, scaled));
}

/** The first half along `axis`, times the sigmoid of the second. */
export function glu(x: Tensor, axis = -1): Tensor {
  const [a, b] = x.chunk(2, axis);
  return a.mul(b.sigmoid());
}

/** log σ(x) = −softplus(−x). */
export function logSigmoid(x: Tensor): Tensor {
  const softplus = apply("unary", [apply("affine", [x], { scale: -1, offset: 0 }, ["statistic"])], SOFTPLUS, [
    "statistic",
  ]);
  return softplus.neg();
}

const SOFTPLUS = { kind: "softplus", alpha: 1, beta: 20 } as const;

/** x/(1 + |x|). */
export function softsign(x: Tensor): Tensor {
  const magnitude = apply("unary", [x], { kind: "abs" }, ["statistic"]);
  return x.div(apply("affine", [magnitude], { scale: 1, offset: 1 }, ["statistic"]));
}

/** x above the threshold, `value` elsewhere. */
export function threshold(x: Tensor, limit: number, value: number): Tensor {
  return x.where(x.gt(limit), value);
}
