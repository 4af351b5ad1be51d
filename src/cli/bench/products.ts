/**
 * Matrix products and convolutions under several recipes, side by side in every round, with the machine's roofline measured
 * in the same rounds. A recipe says carrier, storage, rounding on store and accumulator. Knows nothing of options or text.
 */

import { bytesPerElement } from "../../compile/build-plan.ts";
import { BF16 } from "../../compile/carriers.ts";
import type { FloatFormat } from "../../formats/format.ts";
import { elementCount } from "../../graph/graph.ts";
import { accumulatorName } from "../../kernels/accumulators.ts";
import type {
  Accumulator,
  Carrier,
  Command,
  DType,
  PreparedPlan,
  StoreRounding,
} from "../../kernels/contract.ts";
import type { SelectedKernels } from "../../kernels/select.ts";
import { accumulatorFor, quantizerFor } from "../../precision/policy.ts";
import type { Recipe } from "../../precision/recipe.ts";
import { contains } from "../../precision/represents.ts";
import { randomStream } from "../../random/streams.ts";
import { ProductMemory } from "../product-memory.ts";
import { type Candidate, type MeasureOptions, measure, type Timing } from "./measure.ts";
import type { ProductTensor, ProductWork } from "./product-work.ts";
import { type Roofline, rooflineProbe, roofOf } from "./roofline.ts";

export interface ProductBenchOptions extends MeasureOptions {
  readonly works: readonly ProductWork[];
  readonly recipes: readonly Recipe[];
  readonly selected: SelectedKernels;
}

export interface ProductRow {
  readonly name: string;
  /** output, gradInput or gradWeight. */
  readonly gemm: string;
  readonly recipe: string;
  readonly carrier: Carrier;
  /** Only where it is not the carrier's own. */
  readonly accumulator?: string;
  readonly medianMs: number;
  readonly bestMs: number;
  /** From the median. */
  readonly gflops: number;
  readonly bestGflops: number;
  /** The share of what this machine can do with so many operations and bytes, from the medians; native kernels only. */
  readonly roofShare?: number;
  readonly bound?: "compute" | "memory";
  /** medianMs over that of the first recipe. */
  readonly ratioToFirst: number;
}

export interface ProductBench {
  readonly rows: readonly ProductRow[];
  /** The best of all rounds. */
  readonly roofline?: Roofline;
}

/** How a recipe runs a product. */
interface Arithmetic {
  readonly carrier: Carrier;
  readonly accumulator?: Accumulator;
  readonly dtypes: readonly [DType, DType];
  readonly store?: StoreRounding;
  readonly outputType: DType;
}

const ANCHORS = { firstGemm: "first", lastGemm: "last" };
const SEED = 1;
/** INT16 operands as quantisation of normal values makes them: the largest of many is near 32767. */
const INTEGER_SPREAD = 5500;

export async function benchProducts(options: ProductBenchOptions): Promise<ProductBench> {
  const { works, recipes, selected, rounds, onRound } = options;
  const probe = rooflineProbe(selected);
  const rows: ProductRow[] = [];
  const roofs: Roofline[] = [];
  for (const [index, work] of works.entries()) {
    const subjects = recipes.map((recipe) => new Subject(work, recipe, selected));
    for (const subject of subjects) await subject.convert();
    const candidates = [...(probe?.candidates ?? []), ...subjects];
    const progress = { ...options, onRound: (round: number) => onRound?.(index * (rounds + 1) + round) };
    const timings = await measure(candidates, progress);
    const own = timings.slice(candidates.length - subjects.length);
    const roofline = probe?.read(timings);
    if (roofline !== undefined) roofs.push(roofline);
    rows.push(...subjects.map((subject, i) => rowOf(subject, own[i], own[0], roofline)));
    for (const subject of subjects) subject.dispose();
  }
  return { rows, roofline: roofs.length === 0 ? undefined : bestOf(roofs) };
}

function bestOf(roofs: readonly Roofline[]): Roofline {
  const best = (carrier: Carrier) => Math.max(...roofs.map(({ gflops }) => gflops[carrier]));
  return {
    gflops: { f32: best("f32"), bf16: best("bf16"), i16: best("i16") },
    copyGbPerSecond: Math.max(...roofs.map(({ copyGbPerSecond }) => copyGbPerSecond)),
  };
}

function rowOf(subject: Subject, timing: Timing, first: Timing, roofline: Roofline | undefined): ProductRow {
  const { work, arithmetic, bytes } = subject;
  const { carrier, accumulator } = arithmetic;
  const gflops = work.operations / (timing.medianMs * 1e6);
  const roof = roofline && roofOf(roofline, carrier, { operations: work.operations, bytes });
  return {
    name: work.name,
    gemm: work.gemm,
    recipe: timing.name,
    carrier,
    accumulator: accumulator && accumulatorName(accumulator),
    medianMs: timing.medianMs,
    bestMs: timing.bestMs,
    gflops,
    bestGflops: work.operations / (timing.bestMs * 1e6),
    roofShare: roof && gflops / roof.gflops,
    bound: roof?.bound,
    ratioToFirst: timing.medianMs / first.medianMs,
  };
}

/** A product under a recipe, ready to be timed: what `bench` and the comparisons with peers measure. */
export async function prepareProduct(
  work: ProductWork,
  recipe: Recipe,
  selected: SelectedKernels,
): Promise<Candidate & { dispose(): void }> {
  const subject = new Subject(work, recipe, selected);
  await subject.convert();
  return subject;
}

/** The arithmetic that a compiled step would choose for this product under a recipe. */
function arithmeticOf({ gemm, inputs, output }: ProductWork, { policy }: Recipe): Arithmetic {
  const place = { path: "", gemm, anchors: ANCHORS };
  const formats = inputs.map(({ role }) => quantizerFor(policy, role, place)?.format);
  const accumulator = accumulatorFor(policy, place);
  const integers = formats.every((format) => format?.kind === "fixed" && format.bits <= 16);
  const narrow = formats.map((format) => format !== undefined && contains(BF16, format));
  const dtypes = narrow.map((is) => (is ? "bf16" : "f32")) as [DType, DType];
  const stored = quantizerFor(policy, output.role, place);
  const store =
    stored?.format.kind === "float"
      ? { ...stored, format: stored.format as FloatFormat, tensorId: 0 }
      : undefined;
  const outputType = store !== undefined && contains(BF16, store.format) ? "bf16" : "f32";
  if (integers && accumulator === undefined)
    return { carrier: "i16", dtypes: ["i16", "i16"], store, outputType };
  const pairs =
    narrow.every(Boolean) &&
    (accumulator === undefined || accumulator.kind === "amxBf16" || accumulator.kind === "vdpbf16");
  return { carrier: pairs ? "bf16" : "f32", accumulator, dtypes, store, outputType };
}

/** A product ready to run: its operands are converted to their storage by `convert`, once. */
class Subject implements Candidate {
  readonly name: string;
  readonly work: ProductWork;
  readonly arithmetic: Arithmetic;
  /** Of operands and result, each once. */
  readonly bytes: number;
  readonly run: () => Promise<void>;
  /** Everything once: afterwards the operands are there. */
  readonly convert: () => Promise<void>;
  private readonly product: PreparedPlan;

  constructor(work: ProductWork, recipe: Recipe, { kernels }: SelectedKernels) {
    this.name = recipe.name;
    this.work = work;
    this.arithmetic = arithmeticOf(work, recipe);
    const { plan, conversions, externals, bytes } = planOf(work, this.arithmetic);
    this.bytes = bytes;
    const product = kernels.prepare(plan, externals);
    this.product = product;
    this.run = () => product.run(conversions);
    this.convert = () => product.run();
  }

  dispose(): void {
    this.product.dispose?.();
  }
}

function planOf(work: ProductWork, { carrier, accumulator, dtypes, store, outputType }: Arithmetic) {
  const memory = new ProductMemory();
  const inputs = work.inputs.map((tensor, i) => {
    const wide = memory.external(`operand ${i}`, tensor.shape, "f32", operandValues(tensor, carrier, i));
    return dtypes[i] === "f32" ? wide : memory.stored(wide, dtypes[i]);
  });
  const exponents =
    carrier === "i16"
      ? [0, 1].map((i) => memory.external(`exponent ${i}`, [1], "i32", new Int32Array(1)))
      : [];
  const output = { ...memory.arena(work.output.shape, outputType), store };
  const draws = store?.rounding === "stochastic";
  const clock = draws ? memory.external("clock", [3], "i32", new Int32Array(3)).buffer : undefined;
  const conversions = memory.commands.length;
  memory.commands.push({
    op: work.op,
    attrs: { ...work.attrs, carrier, accumulator },
    inputs: [...inputs, ...exponents],
    outputs: [output],
  } as Command);
  const bytes = [...inputs, output].reduce(
    (sum, { shape, dtype }) => sum + elementCount(shape) * bytesPerElement(dtype),
    0,
  );
  return { plan: memory.plan(clock), conversions, externals: memory.externals, bytes };
}

/** BF16 values, so that every carrier takes them; integers for i16. Their size does not change the time. */
function operandValues({ shape }: ProductTensor, carrier: Carrier, id: number): Float32Array {
  const random = randomStream({ seed: SEED, stream: "init", id });
  const values = new Float32Array(elementCount(shape));
  const pattern = Float32Array.from({ length: 4099 }, () =>
    carrier === "i16"
      ? Math.max(-32767, Math.min(32767, Math.round(INTEGER_SPREAD * random.normal())))
      : Math.round(64 * random.normal()) / 64,
  );
  for (let i = 0; i < values.length; i += pattern.length) {
    values.set(pattern.subarray(0, Math.min(pattern.length, values.length - i)), i);
  }
  return values;
}
