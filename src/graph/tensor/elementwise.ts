/** Methods that treat every element alone; operands broadcast as in NumPy, numbers are constants. Names are PyTorch's. */
import type { BinaryKind, UnaryAttrs, UnaryKind } from "../../kernels/contract.ts";
import { type OperandLike, TensorBase } from "./base.ts";

export abstract class ElementwiseTensor extends TensorBase {
  private unary(kind: UnaryKind, parameters: Omit<UnaryAttrs, "kind"> = {}): this {
    return this.apply("unary", { kind, ...parameters });
  }

  private binary(kind: BinaryKind, other: OperandLike): this {
    return this.apply("binary", { kind }, [other]);
  }

  relu(): this {
    return this.unary("relu");
  }

  neg(): this {
    return this.unary("neg");
  }

  abs(): this {
    return this.unary("abs");
  }

  square(): this {
    return this.unary("square");
  }

  sqrt(): this {
    return this.unary("sqrt");
  }

  rsqrt(): this {
    return this.unary("rsqrt");
  }

  reciprocal(): this {
    return this.unary("reciprocal");
  }

  exp(): this {
    return this.unary("exp");
  }

  log(): this {
    return this.unary("log");
  }

  /** e^x − 1, also for small x. */
  expm1(): this {
    return this.unary("expm1");
  }

  /** log(1 + x), also for small x. */
  log1p(): this {
    return this.unary("log1p");
  }

  sin(): this {
    return this.unary("sin");
  }

  cos(): this {
    return this.unary("cos");
  }

  tanh(): this {
    return this.unary("tanh");
  }

  erf(): this {
    return this.unary("erf");
  }

  /** −1, 0 or 1. */
  sign(): this {
    return this.unary("sign");
  }

  floor(): this {
    return this.unary("floor");
  }

  ceil(): this {
    return this.unary("ceil");
  }

  /** To the nearest integer, halves to the even one. */
  round(): this {
    return this.unary("round");
  }

  sigmoid(): this {
    return this.unary("sigmoid");
  }

  /** x·σ(x). */
  silu(): this {
    return this.unary("silu");
  }

  selu(): this {
    return this.unary("selu");
  }

  /** x·tanh(softplus x). */
  mish(): this {
    return this.unary("mish");
  }

  hardsigmoid(): this {
    return this.unary("hardsigmoid");
  }

  hardswish(): this {
    return this.unary("hardswish");
  }

  /** x·Φ(x), or its approximation by tanh. */
  gelu({ approximate = "none" }: { approximate?: "none" | "tanh" } = {}): this {
    return this.unary(approximate === "tanh" ? "geluTanh" : "gelu");
  }

  /** log(1 + e^(βx))/β; x itself where βx is above the threshold. */
  softplus({ beta = 1, threshold = 20 } = {}): this {
    return this.unary("softplus", { alpha: beta, beta: threshold });
  }

  elu(alpha = 1): this {
    return this.unary("elu", { alpha });
  }

  leakyRelu(negativeSlope = 0.01): this {
    return this.unary("leakyRelu", { alpha: negativeSlope });
  }

  /** Between min and max; the gradient is 0 at both and beyond. */
  hardtanh(min = -1, max = 1): this {
    return this.unary("hardtanh", { alpha: min, beta: max });
  }

  relu6(): this {
    return this.hardtanh(0, 6);
  }

  /** Between min and max; the gradient passes at both. */
  clamp({
    min = Number.NEGATIVE_INFINITY,
    max = Number.POSITIVE_INFINITY,
  }: {
    min?: number;
    max?: number;
  }): this {
    return this.unary("clamp", { alpha: min, beta: max });
  }

  add(other: OperandLike): this {
    return typeof other === "number" ? this.affine(1, other) : this.binary("add", other);
  }

  sub(other: OperandLike): this {
    return typeof other === "number" ? this.affine(1, -other) : this.binary("sub", other);
  }

  mul(other: OperandLike): this {
    return typeof other === "number" ? this.affine(other) : this.binary("mul", other);
  }

  div(other: OperandLike): this {
    return this.binary("div", other);
  }

  maximum(other: OperandLike): this {
    return this.binary("maximum", other);
  }

  minimum(other: OperandLike): this {
    return this.binary("minimum", other);
  }

  pow(exponent: OperandLike): this {
    return typeof exponent === "number"
      ? this.unary("pow", { alpha: exponent })
      : this.binary("pow", exponent);
  }

  /** The angle of the point (x, this). */
  atan2(x: OperandLike): this {
    return this.binary("atan2", x);
  }

  /** 1 where equal, else 0; so are all comparisons. They have no gradient. */
  eq(other: OperandLike): this {
    return this.binary("eq", other);
  }

  ne(other: OperandLike): this {
    return this.binary("ne", other);
  }

  lt(other: OperandLike): this {
    return this.binary("lt", other);
  }

  le(other: OperandLike): this {
    return this.binary("le", other);
  }

  gt(other: OperandLike): this {
    return this.binary("gt", other);
  }

  ge(other: OperandLike): this {
    return this.binary("ge", other);
  }

  /** This tensor where the condition is not 0, `other` elsewhere. */
  where(condition: OperandLike, other: OperandLike): this {
    return this.wrap(
      this.graph.apply("where", [this.operandValue(condition), this.value, this.operandValue(other)], {})[0],
    );
  }

  /** `value` where the mask is not 0. */
  maskedFill(mask: OperandLike, value: number): this {
    return this.wrap(
      this.graph.apply("where", [this.operandValue(mask), this.operandValue(value), this.value], {})[0],
    );
  }

  /** scale · x + offset with constants. */
  affine(scale: number, offset = 0): this {
    return this.apply("affine", { scale, offset });
  }

  /** i32 → nearest real number; real → i32 without its fraction. */
  cast(dtype: "f32" | "i32"): this {
    return dtype === this.dtype ? this : this.apply("cast", { dtype });
  }
}
