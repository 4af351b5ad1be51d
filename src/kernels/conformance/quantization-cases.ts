/**
 * Cases of quantisation to any format: every catalogued format with groups, posits, and integers under every scaling, over
 * the placements that GEMMs ask for, with every mode. Layouts have tails everywhere.
 */
import { FORMATS, format } from "../../formats/catalog.ts";
import { type NumberFormat, ROUNDINGS, SCALE_RULES, SCALING_RULES } from "../../formats/format.ts";
import type { TensorView } from "../../formats/scaled/layout.ts";
import type { OpAttrs } from "../contract.ts";
import { normals } from "./data.ts";
import type { AnyOpRun } from "./run-op.ts";

type Attrs = OpAttrs["quantizeValues"];

const ONE = { rows: 1, columns: 1 };
/** Rows of a last axis; along an inner axis; more than a piece of 1024 of each; one short row. */
const VIEWS: readonly TensorView[] = [
  { outer: 1, rows: 3, columns: 64, inner: 1 },
  { outer: 1, rows: 26, columns: 50, inner: 1 },
  { outer: 2, rows: 1, columns: 35, inner: 19 },
  { outer: 1, rows: 2, columns: 1100, inner: 1 },
  { outer: 1, rows: 1, columns: 3, inner: 1030 },
  { outer: 1, rows: 1, columns: 5, inner: 1 },
];
const CLOCK = [5, 6, 7] as const;

export function quantizationCases(): AnyOpRun[] {
  return [
    ...formatCases(),
    ...modeCases(),
    ...ruleCases(),
    ...scalingCases(),
    ...specialCases(),
    ...tensorScaleCases(),
  ];
}

/** The scale of the tensor in a place of its own: every mode, tails, ties, zeros, tiny and huge tensors, NaN. */
function tensorScaleCases(): AnyOpRun[] {
  const whole = { outer: 1, rows: 1, columns: 1, inner: 2051 };
  const integers = ["int8", "int4", "int12"].map((name) => format(name));
  const blocks = [format("nvfp4"), format("nvfp4t16x16")];
  const rounded = ROUNDINGS.flatMap((rounding) => [
    ...blocks.flatMap((of) => VIEWS.map((view) => run(of, view, { rounding }))),
    ...integers.flatMap((of) =>
      (["symmetric", "affine"] as const).map((scaling) => run(of, whole, { scaling, rounding })),
    ),
  ]);
  const special = [ties(), ...[2 ** -130, 2 ** 110].map((size) => spread(whole).map((x) => x * size))];
  special.push(new Float32Array(2051), spread(whole).fill(NaN, 700, 701), spread(whole).fill(2 ** -149));
  const row = { outer: 1, rows: 1, columns: 2051, inner: 1 };
  const specials = special.flatMap((values) =>
    (["nearestEven", "stochastic"] as const).flatMap((rounding) => [
      run(format("int8"), whole, { scaling: "symmetric", rounding }, values),
      run(format("nvfp4"), row, { rounding }, values),
    ]),
  );
  return [...rounded, ...specials].flatMap((one) =>
    one.op !== "quantizeValues" ? [] : [{ ...one, outputs: [...one.outputs, { shape: [1] }] }],
  );
}

/** Quarters of the step of int8, which is 1: every second is a tie, or whole. */
function ties(): Float32Array {
  return Float32Array.from({ length: 2051 }, (_, i) => ((i % 1017) - 508) / 4);
}

function formatCases(): AnyOpRun[] {
  const grouped = FORMATS.filter(({ kind }) => kind === "block");
  const plain = [format("posit8"), format("posit16"), format("e8m0"), format("e4m3")];
  return [...grouped, format("bfp6t4x10"), ...plain].flatMap((of) =>
    VIEWS.map((view) => run(of, view, { rounding: "nearestEven" })),
  );
}

function modeCases(): AnyOpRun[] {
  const formats = ["mxfp8", "mxfp4", "mxint8", "nvfp4", "bfp8", "posit8"].map((name) => format(name));
  return formats.flatMap((of) =>
    ROUNDINGS.flatMap((rounding) => VIEWS.slice(1, 3).map((view) => run(of, view, { rounding }))),
  );
}

function ruleCases(): AnyOpRun[] {
  const mx = SCALE_RULES.map((scaleRule) => run(format("mxfp6e3m2"), VIEWS[0], { scaleRule }));
  return [...mx, run(format("bfp8b16"), VIEWS[0], { scaleRule: "ceil" })];
}

function scalingCases(): AnyOpRun[] {
  const views = [
    VIEWS[2],
    { outer: 1, rows: 1, columns: 1, inner: 2051 },
    { outer: 9, rows: 1, columns: 33, inner: 1 },
  ];
  return SCALING_RULES.flatMap((scaling) =>
    views.flatMap((view) =>
      (["nearestEven", "stochastic"] as const).map((rounding) =>
        run(format("int8"), view, { scaling, rounding }),
      ),
    ),
  );
}

/** NaN, infinities, zeros and numbers at FP32's ends, one block of each. */
function specialCases(): AnyOpRun[] {
  const values = normals(320, 63);
  values.set([Number.NaN], 3);
  values.set([Infinity], 40);
  values.fill(0, 64, 96);
  values[70] = -0;
  values.set([2 ** -149, -(2 ** -140), 2 ** -127], 96);
  values.fill(2 ** -148, 99, 128);
  values.set([3.4e38, -3.3e38], 130);
  const view = { outer: 1, rows: 1, columns: 320, inner: 1 };
  return ["mxfp8", "mxfp4", "mxint8", "bfp8b32", "posit16", "nvfp4", "int4"].map((name) =>
    run(format(name), name === "int4" ? { ...view, columns: 10, inner: 32 } : view, {}, values),
  );
}

function run(
  of: NumberFormat,
  view: TensorView,
  choice: Partial<Attrs>,
  values: Float32Array = spread(view),
): AnyOpRun {
  const { outer, rows, columns, inner } = view;
  const block = of.kind === "block" ? of.block : ONE;
  const attrs: Attrs = {
    format: of,
    rounding: "nearestEven",
    overflow: "saturate",
    tensorId: 9,
    view,
    block: rows === 1 ? { rows: 1, columns: block.columns } : block,
    ...choice,
  };
  const shape = [outer * rows, columns, inner];
  const outputs = [{ shape }];
  return { op: "quantizeValues", attrs, inputs: [{ shape, values }], outputs, clock: CLOCK };
}

/** Blocks of many magnitudes. */
function spread({ outer, rows, columns, inner }: TensorView): Float32Array {
  const values = normals(outer * rows * columns * inner, 61);
  return values.map((x, i) => x * 2 ** (((i >> 3) % 24) - 12));
}
