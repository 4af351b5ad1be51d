/** Cases of every module: how it is made, what it reads, and which tensor of its result is checked. Odd sizes throughout. */
import type { CheckedInput } from "../../src/autodiff/gradcheck.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import { indices, input } from "./inputs.ts";

export interface ModuleCase {
  readonly module: () => nn.Module<unknown>;
  readonly inputs: readonly CheckedInput[];
  /** Beside the class name. */
  readonly variant?: string;
  /** Default: `forward` of all inputs gives one tensor. */
  readonly result?: (output: never) => Tensor;
}

const one = (module: () => nn.Module<unknown>, ...inputs: readonly CheckedInput[]): ModuleCase => ({
  module,
  inputs,
});

const image = () => input(2, 5, 3, 4);
const rows = () => input(3, 5);
const activations = [
  () => new nn.ReLU(),
  () => new nn.ReLU6(),
  () => new nn.LeakyReLU(0.2),
  () => new nn.ELU(0.7),
  () => new nn.SELU(),
  () => new nn.SiLU(),
  () => new nn.Mish(),
  () => new nn.GELU(),
  () => new nn.GELU({ approximate: "tanh" }),
  () => new nn.Hardtanh(-0.6, 0.9),
  () => new nn.Hardsigmoid(),
  () => new nn.Hardswish(),
  () => new nn.Softplus({ beta: 1.5 }),
  () => new nn.Sigmoid(),
  () => new nn.Tanh(),
  () => new nn.Softmax(0),
  () => new nn.LogSoftmax(),
  () => new nn.PReLU(5, 0.3),
  () => new nn.Identity(),
  () => new nn.Dropout(0.4),
  () => new nn.Sequential(new nn.Linear(5, 3), new nn.Tanh()),
  () => new nn.Linear(5, 2),
  () => new nn.LayerNorm(5),
  () => new nn.RMSNorm(5),
];

const windows = [
  () => new nn.MaxPool2d(2, { ceilMode: true }),
  () => new nn.AvgPool2d([3, 2], { stride: 2, padding: [1, 0] }),
  () => new nn.AdaptiveAvgPool2d([3, 2]),
  () => new nn.AdaptiveMaxPool2d(2),
  () => new nn.GlobalAvgPool2d(),
  () => new nn.Flatten(),
  () => new nn.Upsample({ scaleFactor: 2, mode: "bilinear" }),
  () => new nn.PixelShuffle(2),
  () => new nn.Dropout2d(0.4),
  () => new nn.LocalResponseNorm(3, { alpha: 0.3 }),
  () => new nn.InstanceNorm2d(4, { affine: true }),
  () => new nn.GroupNorm(2, 4),
  () => new nn.BatchNorm2d(4),
  () => new nn.Conv2d(4, 6, [3, 2], { stride: [2, 1], padding: 1, groups: 2 }),
  () => new nn.ConvTranspose2d(4, 2, 3, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
];

const lines = [
  () => new nn.MaxPool1d(2),
  () => new nn.AvgPool1d(3, { padding: 1 }),
  () => new nn.AdaptiveAvgPool1d(2),
  () => new nn.AdaptiveMaxPool1d(3),
  () => new nn.BatchNorm1d(3),
  () => new nn.Conv1d(3, 2, 2, { dilation: 2, padding: 1 }),
  () => new nn.ConvTranspose1d(3, 2, 3, { stride: 2 }),
];

/** The iteration of spectral norm stands still in evaluation: a step of it is no function of the numbers alone. */
const reparametrized: readonly ModuleCase[] = [
  { ...one(() => nn.weightNorm(new nn.Conv2d(4, 2, 2)), image()), variant: "weight norm" },
  { ...one(() => nn.spectralNorm(new nn.Conv2d(4, 2, 2)).eval(), image()), variant: "spectral norm" },
];

const sequence = () => input(3, 2, 4);
const output = ({ output }: nn.RecurrentOutput): Tensor => output;
const recurrent = ["plain", "layer norm"].flatMap((variant): ModuleCase[] =>
  [nn.LSTM, nn.GRU].map((layer) => ({
    module: () => new layer(4, 3, { bidirectional: true, layerNorm: variant !== "plain" }),
    inputs: [sequence()],
    variant,
    result: output as ModuleCase["result"],
  })),
);

export const MODULE_CASES: readonly ModuleCase[] = [
  ...activations.map((module) => one(module, rows())),
  ...windows.map((module) => one(module, image())),
  ...lines.map((module) => one(module, input(2, 7, 3))),
  ...reparametrized,
  one(() => new nn.PixelUnshuffle(2), input(2, 4, 2, 3)),
  // The padding row is read, and has no gradient all the same: it is not among the indices.
  one(() => new nn.Embedding(5, 3, { paddingIdx: 2 }), indices([2, 3], [4, 1, 3, 1, 0, 4])),
  one(() => new nn.EmbeddingBag(5, 3, { mode: "mean" }), indices([2, 3], [4, 1, 2, 1, 0, 4])),
  one(() => new nn.SinusoidalPositions(4, 7), sequence()),
  one(() => new nn.LearnedPositions(4, 7), sequence()),
  ...recurrent,
  {
    module: () => new nn.RNN(4, 3, { numLayers: 2, nonlinearity: "tanh" }),
    inputs: [sequence()],
    result: output as ModuleCase["result"],
  },
  {
    module: () => new nn.MultiheadAttention(4, 2),
    inputs: [sequence(), input(5, 2, 4), input(5, 2, 4)],
    result: (({ output: attended }: nn.AttentionOutput) => attended) as ModuleCase["result"],
  },
  one(() => new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 3 }), sequence()),
  one(() => new nn.TransformerDecoderLayer(4, 2, { dimFeedforward: 3 }), sequence(), input(5, 2, 4)),
];
