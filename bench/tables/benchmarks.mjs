/**
 * Which commands make which table of docs/performance.md, in its order. A command is `roundoff …` or a script of bench/ that writes its
 * numbers with `--json`.
 */
import {
  accumulatorsTable,
  agreementTable,
  emulationTable,
  fusionTable,
  peerStepsTable,
  productsTable,
  quantizeTable,
  recipesTable,
} from "./render.mjs";

const STEPS = "bench/peers/compare-steps.mjs";
const PRODUCTS = "bench/peers/compare-products.mjs";

const steps = (net, { batch, rounds, candidates }) => [
  STEPS,
  ...["--net", net, "--batch", String(batch), "--rounds", String(rounds), "--candidates", candidates],
];
const BOTH = "torch:fp32,fp32,torch:bf16,bf16";
const ACCUMULATORS = ["fp64", "fp16", "fp16c64", "bf16", "e6m9", "e6m9c64", "e4m3", "e8m23", "e8m22"];
const ALL_RECIPES = "fp32,bf16,int16,fp8,fp16,mxfp8,mxfp6,mxfp4,mxint8,hbfp8,int8,nvfp4,posit8,uniform:e4m3";

const one =
  (render) =>
  ([result]) =>
    render(result);
const words = (text) => text.split(" ");

export const BENCHMARKS = [
  {
    name: "rounding",
    title: "Rounding arrays",
    commands: [words("roundoff bench quantize --rounds 25")],
    render: one(quantizeTable),
  },
  {
    name: "stochastic",
    title: "Rounding arrays stochastically",
    commands: [
      words("roundoff bench quantize --rounding stochastic --formats bf16,fp16,e5m2,e4m3,mxfp4 --rounds 25"),
    ],
    render: one(quantizeTable),
  },
  {
    name: "steps",
    title: "Training steps beside PyTorch",
    commands: [
      steps("lstm", { batch: 64, rounds: 10, candidates: BOTH }),
      steps("transformer", { batch: 64, rounds: 10, candidates: BOTH }),
      steps("recommender", { batch: 16, rounds: 10, candidates: BOTH }),
      steps("recommender-sparse", { batch: 16, rounds: 10, candidates: BOTH }),
      steps("resnet20", { batch: 128, rounds: 10, candidates: `${BOTH},int16,fp8` }),
      steps("resnet50", { batch: 16, rounds: 5, candidates: `${BOTH},int16,fp8` }),
    ],
    render: peerStepsTable,
  },
  {
    name: "javascript",
    title: "Training steps beside TensorFlow.js",
    commands: [steps("resnet20", { batch: 128, rounds: 3, candidates: "fp32,tfjs:wasm,tfjs:wasm1" })],
    render: one(agreementTable),
  },
  {
    name: "jax-js",
    title: "Training steps beside jax-js",
    commands: [steps("resnet20", { batch: 64, rounds: 3, candidates: "fp32,jax:wasm,jax:wasm1,tfjs:wasm" })],
    render: one(agreementTable),
  },
  {
    name: "fusion",
    title: "Fusion: ResNet-20",
    commands: [
      words(
        "roundoff bench step --model resnet20 --recipes fp32,bf16,int16,fp8 --batch 128 --channels 3 --unfused --rounds 20",
      ),
    ],
    render: one(fusionTable),
  },
  {
    name: "fusion-resnet50",
    title: "Fusion: ResNet-50",
    commands: [
      words(
        "roundoff bench step --model resnet50 --recipes fp32,bf16,int16,fp8 --batch 16 --channels 3 --image 224 --unfused --rounds 5",
      ),
    ],
    render: one(fusionTable),
  },
  {
    name: "products",
    title: "Products beside oneDNN",
    commands: [[PRODUCTS, "--rounds", "7"]],
    render: one(productsTable),
  },
  {
    name: "accumulators",
    title: "Rounded accumulators",
    commands: [
      [
        PRODUCTS,
        ...words("--rounds 5 --gemm 512x512x512 --conv"),
        "",
        "--candidates",
        ["fp32", ...ACCUMULATORS.map((name) => `fp32:accumulator=${name}`)].join(","),
      ],
    ],
    render: one(accumulatorsTable),
  },
  {
    name: "emulation",
    title: "Emulation beside QPyTorch",
    commands: [words("bench/peers/compare-emulation.mjs --clock cpu --elements 1048576")],
    render: one(emulationTable),
  },
  {
    name: "recipes",
    title: "Emulated formats beside FP32",
    commands: [
      words(
        `roundoff bench step --model resnet20 --batch 128 --channels 3 --rounds 8 --recipes ${ALL_RECIPES}`,
      ),
    ],
    render: one(recipesTable),
  },
];
