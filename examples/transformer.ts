/** A small causal Transformer in bf16 learns to repeat the first half of a sequence. */
import { compile, compileTrainStep, nn, optim, recipe, type Tensor, tensor } from "roundoff";

const [SYMBOLS, HALF, WIDTH] = [8, 5, 32];

class Transformer extends nn.Module {
  embedding = new nn.Embedding(SYMBOLS, WIDTH);
  positions = new nn.LearnedPositions(WIDTH, 2 * HALF, { batchFirst: true });
  layers = [0, 1].map(
    () => new nn.TransformerEncoderLayer(WIDTH, 4, { dimFeedforward: 64, batchFirst: true, normFirst: true }),
  );
  head = new nn.Linear(WIDTH, SYMBOLS);
  forward(symbols: Tensor) {
    const start = this.positions.forward(this.embedding.forward(symbols));
    return this.head.forward(this.layers.reduce((x, layer) => layer.forward(x, { isCausal: true }), start));
  }
}

/** What comes next in the first half cannot be foreseen: −100 does not count. */
function batch(count: number) {
  const half = () => Array.from({ length: HALF }, () => Math.floor(SYMBOLS * Math.random()));
  const rows = Array.from({ length: count }, half).map((row) => [...row, ...row]);
  const next = rows.map((row) => row.map((_, t) => (t < HALF - 1 ? -100 : (row[t + 1] ?? -100))));
  return { symbols: tensor(rows, { dtype: "i32" }), next: tensor(next, { dtype: "i32" }) };
}
const loss = (net: Transformer, { symbols, next }: ReturnType<typeof batch>) =>
  nn.crossEntropy(net.forward(symbols), next, { classAxis: 2 });

const model = nn.init(new Transformer());
const step = compileTrainStep(model, {
  loss,
  optimizer: new optim.AdamW({ lr: optim.warmUp(20, optim.cosine(0.01, { steps: 280 })), clipNorm: 1 }),
  recipe: recipe("bf16"),
});
for (let i = 0; i < 300; i++) await step(batch(64));

const { correct } = await compile((test: ReturnType<typeof batch>) => loss(model, test))(batch(200));
export const accuracy = (await correct.item()) / (200 * HALF);
console.log(`repeated ${(100 * accuracy).toFixed(1)} % of the symbols`);
