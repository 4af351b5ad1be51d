/** Shapes of embedding and of recurrent cells. Part of shapes.ts; letters as in kernels/contract/sequences.ts. */
import { mismatch, type Shape, type ShapeRules, same, text } from "./rule.ts";

export const sequenceShapes: Pick<
  ShapeRules,
  | "embedding"
  | "embeddingGrad"
  | "embeddingGradRows"
  | "lstmCell"
  | "lstmCellGrad"
  | "gruCell"
  | "gruCellGrad"
> = {
  embedding: ([weight, indices, offsets], { mode }) => {
    if (weight.length !== 2) throw mismatch("the table has the wrong rank", "[V, D]", text(weight));
    const bags = mode === "lookup" ? indices : [bagCount(indices, offsets)];
    return [{ shape: [...bags, weight[1]] }];
  },
  embeddingGrad: (_, { shape }) => [{ shape }],
  embeddingGradRows: ([gy, indices]) => {
    const count = indices.reduce((product, size) => product * size, 1);
    return [
      { shape: [count], dtype: "i32", role: "control" },
      { shape: [count, gy[gy.length - 1]], role: "gradWeight" },
    ];
  },
  lstmCell: ([zx, zh, c, ...biases]) => {
    const gates = cellShape(4, zx, zh, c, biases);
    return [{ shape: c }, { shape: c }, { shape: gates }];
  },
  lstmCellGrad: ([gy, gh, gc, gates, c, next]) => {
    for (const other of [gh, gc, c, next]) same("states", gy, other);
    return [{ shape: gates }, { shape: gy }];
  },
  gruCell: ([zx, zh, h, ...biases]) => {
    cellShape(3, zx, zh, h, biases);
    return [{ shape: h }, { shape: [h[0], 4 * h[1]] }];
  },
  gruCellGrad: ([gy, gh, gd, gates, h]) => {
    for (const other of [gh, gd, h]) same("states", gy, other);
    same("gates", [gy[0], 4 * gy[1]], gates);
    const products = [gy[0], 3 * gy[1]];
    return [{ shape: products }, { shape: products }, { shape: gy }];
  },
};

function bagCount(indices: Shape, offsets: Shape | undefined): number {
  const rank = offsets === undefined ? 2 : 1;
  if (indices.length !== rank || (offsets !== undefined && offsets.length !== 1)) {
    const expected = "indices [B, L], or indices [n] with offsets [B]";
    throw mismatch("bags have the wrong rank", expected, `${text(indices)} and ${text(offsets ?? [])}`);
  }
  return offsets === undefined ? indices[0] : offsets[0];
}

/** [N, gates·H], if the products, the state [N, H] and the biases fit each other. */
function cellShape(gates: number, zx: Shape, zh: Shape, state: Shape, biases: readonly Shape[]): Shape {
  if (state.length !== 2) throw mismatch("the state has the wrong rank", "[N, H]", text(state));
  const products = [state[0], gates * state[1]];
  same("the input's product and the state", products, zx);
  same("the state's product and the state", products, zh);
  for (const bias of biases) same("bias", [products[1]], bias);
  if (biases.length === 1) throw mismatch("a cell has one bias only", "both biases or none", text(biases[0]));
  return products;
}
