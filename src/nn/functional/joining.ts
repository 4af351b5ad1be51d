/** Putting tensors together and re-ordering pixels; masks and positions. PyTorch's names in camelCase; images are NHWC. */
import { RoundoffError } from "../../base/errors.ts";
import { Tensor } from "../../graph/tensor.ts";

/** The tensors one after the other along an axis. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first, ...others] = tensors;
  if (first === undefined) {
    throw new RoundoffError("INVALID_ARGUMENT", { what: "concat of no tensors", expected: "one or more" });
  }
  return first.concat(others, axis);
}

/** Tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concat(
    tensors.map((tensor) => tensor.unsqueeze(axis)),
    axis,
  );
}

/** `a` where the condition is not 0, `b` elsewhere. */
export function where(condition: Tensor, a: Tensor, b: Tensor | number): Tensor {
  return a.where(condition, b);
}

/** x[N,H,W,C·r²] → [N,H·r,W·r,C]; channel c·r² + i·r + j becomes row i, column j of channel c, as in PyTorch. */
export function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor {
  const [n, h, w, c] = imageShape(x);
  const r = upscaleFactor;
  requireDivisor(c, r * r, `channels of pixelShuffle(${r})`);
  const parts = x.reshape([n, h, w, c / (r * r), r, r]).transpose([0, 1, 4, 2, 5, 3]);
  return parts.reshape([n, h * r, w * r, c / (r * r)]);
}

/** x[N,H·r,W·r,C] → [N,H,W,C·r²]: the inverse of pixelShuffle. */
export function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor {
  const [n, h, w, c] = imageShape(x);
  const r = downscaleFactor;
  requireDivisor(h, r, `rows of pixelUnshuffle(${r})`);
  requireDivisor(w, r, `columns of pixelUnshuffle(${r})`);
  const parts = x.reshape([n, h / r, r, w / r, r, c]).transpose([0, 1, 3, 5, 2, 4]);
  return parts.reshape([n, h / r, w / r, c * r * r]);
}

export interface ArangeOptions {
  readonly start?: number;
  readonly step?: number;
  readonly dtype?: "f32" | "i32";
}

/** start, start + step, … (`count` numbers) in the graph of `like`. */
export function arange(like: Tensor, count: number, options: ArangeOptions = {}): Tensor {
  const { start = 0, step = 1, dtype = "i32" } = options;
  return new Tensor(like.graph, like.graph.apply("arange", [], { start, step, shape: [count], dtype })[0]);
}

/** The last two axes with zeros above the diagonal (`diagonal` places to the right of the main one). */
export function tril(x: Tensor, diagonal = 0): Tensor {
  return x.where(distanceFromDiagonal(x).le(diagonal), 0);
}

/** The last two axes with zeros below the diagonal. */
export function triu(x: Tensor, diagonal = 0): Tensor {
  return x.where(distanceFromDiagonal(x).ge(diagonal), 0);
}

/** column − row, [rows, columns]. */
function distanceFromDiagonal(x: Tensor): Tensor {
  const [rows, columns] = x.shape.slice(-2);
  const position = (count: number) => arange(x, count, { dtype: "f32" });
  const { graph } = x;
  const row = position(rows).unsqueeze(-1);
  return new Tensor(
    graph,
    graph.apply("binary", [position(columns).value, row.value], { kind: "sub" }, ["control"])[0],
  );
}

function imageShape(x: Tensor): readonly [number, number, number, number] {
  const [n, h, w, c] = x.shape;
  if (x.rank === 4) return [n, h, w, c];
  throw new RoundoffError("SHAPE_MISMATCH", {
    what: "the input is not an image batch",
    expected: "[N, H, W, C]",
    received: `[${x.shape.join(", ")}]`,
  });
}

function requireDivisor(size: number, divisor: number, what: string): void {
  if (size % divisor === 0) return;
  throw new RoundoffError("SHAPE_MISMATCH", {
    what,
    expected: `a multiple of ${divisor}`,
    received: String(size),
  });
}
