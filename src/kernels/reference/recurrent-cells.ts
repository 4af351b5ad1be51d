/**
 * Reference cells of LSTM and GRU and their gradients, evaluated in FP64 and rounded once when stored. Gate order as
 * PyTorch's. Meaning: contract/sequences.ts. Sources: Hochreiter & Schmidhuber 1997, Cho et al. 2014.
 */

import type { ReferenceKernel, RefTensor } from "./tensor.ts";
import { sigmoid } from "./unary-functions.ts";

/** zx, zh, c (, bIh, bHh) → h, c′, gates. */
export const lstmCell: ReferenceKernel<"lstmCell"> = ([zx, zh, c, bIh, bHh], [h, next, gates]) => {
  const hidden = c.shape[1];
  for (let i = 0; i < c.data.length; i++) {
    const column = i % hidden;
    const row = (i - column) * 4;
    const z = (gate: number) => {
      const at = gate * hidden + column;
      return zx.data[row + at] + zh.data[row + at] + (bIh?.data[at] ?? 0) + (bHh?.data[at] ?? 0);
    };
    const [input, forget, cell, output] = [sigmoid(z(0)), sigmoid(z(1)), Math.tanh(z(2)), sigmoid(z(3))];
    const state = forget * c.data[i] + input * cell;
    next.data[i] = state;
    h.data[i] = output * Math.tanh(state);
    [input, forget, cell, output].forEach((value, gate) => {
      gates.data[row + gate * hidden + column] = value;
    });
  }
};

/** gy, gh, gc′, gates, c, c′ → gz, gc. */
export const lstmCellGrad: ReferenceKernel<"lstmCellGrad"> = ([gy, gh, gNext, gates, c, next], [gz, gc]) => {
  const hidden = c.shape[1];
  for (let i = 0; i < c.data.length; i++) {
    const column = i % hidden;
    const row = (i - column) * 4;
    const [input, forget, cell, output] = [0, 1, 2, 3].map(
      (gate) => gates.data[row + gate * hidden + column],
    );
    const squashed = Math.tanh(next.data[i]);
    const g = gy.data[i] + gh.data[i];
    const gState = gNext.data[i] + g * output * (1 - squashed) * (1 + squashed);
    const errors = [
      gState * cell * input * (1 - input),
      gState * c.data[i] * forget * (1 - forget),
      gState * input * (1 - cell) * (1 + cell),
      g * squashed * output * (1 - output),
    ];
    gc.data[i] = gState * forget;
    errors.forEach((error, gate) => {
      gz.data[row + gate * hidden + column] = error;
    });
  }
};

/** zx, zh, h (, bIh, bHh) → h′, gates. */
export const gruCell: ReferenceKernel<"gruCell"> = ([zx, zh, h, bIh, bHh], [next, gates]) => {
  const hidden = h.shape[1];
  for (let i = 0; i < h.data.length; i++) {
    const column = i % hidden;
    const row = ((i - column) / hidden) * 3 * hidden;
    const at = (z: RefTensor, bias: RefTensor | undefined, gate: number) =>
      z.data[row + gate * hidden + column] + (bias?.data[gate * hidden + column] ?? 0);
    const reset = sigmoid(at(zx, bIh, 0) + at(zh, bHh, 0));
    const update = sigmoid(at(zx, bIh, 1) + at(zh, bHh, 1));
    const recurrent = at(zh, bHh, 2);
    const fresh = Math.tanh(at(zx, bIh, 2) + reset * recurrent);
    next.data[i] = (1 - update) * fresh + update * h.data[i];
    [reset, update, fresh, recurrent].forEach((value, gate) => {
      gates.data[(i - column) * 4 + gate * hidden + column] = value;
    });
  }
};

/** gy, gh, gd, gates, h → gzx, gzh, the part of h's gradient that passes z. */
export const gruCellGrad: ReferenceKernel<"gruCellGrad"> = ([gy, gh, gd, gates, h], [gzx, gzh, gPassed]) => {
  const hidden = h.shape[1];
  for (let i = 0; i < h.data.length; i++) {
    const column = i % hidden;
    const gateRow = (i - column) * 4;
    const row = ((i - column) / hidden) * 3 * hidden;
    const [reset, update, fresh, recurrent] = [0, 1, 2, 3].map(
      (gate) => gates.data[gateRow + gate * hidden + column],
    );
    const g = gy.data[i] + gh.data[i] + gd.data[i];
    const gFresh = g * (1 - update) * (1 - fresh) * (1 + fresh);
    const gReset = gFresh * recurrent * reset * (1 - reset);
    const gUpdate = g * (h.data[i] - fresh) * update * (1 - update);
    gPassed.data[i] = g * update;
    [gReset, gUpdate, gFresh].forEach((error, gate) => {
      gzx.data[row + gate * hidden + column] = error;
      gzh.data[row + gate * hidden + column] = gate === 2 ? error * reset : error;
    });
  }
};
