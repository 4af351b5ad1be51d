/** A character LSTM in bf16 learns a rhyme by heart, then recites it with a second plan that makes one letter at a time. */
import { compile, compileTrainStep, nn, optim, recipe, type Tensor, tensor } from "roundoff";

const RHYME = "the cat sat on the mat and the rat sat on the hat; ";
const letters = [...new Set(RHYME)];
const codes = Array.from(RHYME, (letter) => letters.indexOf(letter));
const times = <T>(length: number, make: (i: number) => T) => Array.from({ length }, (_, i) => make(i));
const code = (at: number) => codes[at % codes.length];
const columns = (start: number) => times(24, (t) => times(16, (n) => code(start + 3 * n + t)));
const text = (start: number) => tensor(columns(start), { dtype: "i32" });

class CharacterModel extends nn.Module<{ logits: Tensor; hn: Tensor; cn: Tensor }> {
  embedding = new nn.Embedding(letters.length, 16);
  lstm = new nn.LSTM(16, 64);
  head = new nn.Linear(64, letters.length);
  forward(x: Tensor, state: { h0?: Tensor; c0?: Tensor } = {}) {
    const { output, hn, cn } = this.lstm.forward(this.embedding.forward(x), state);
    return { logits: this.head.forward(output), hn, cn };
  }
}
const model = nn.init(new CharacterModel());
const step = compileTrainStep(model, {
  loss: (net, { x, next }: { x: Tensor; next: Tensor }) =>
    nn.crossEntropy(net.forward(x).logits, next, { classAxis: 2 }),
  optimizer: new optim.Adam({ lr: 0.01, clipNorm: 1 }),
  recipe: recipe("bf16"),
});
for (let i = 0; i < 120; i++) await step({ x: text(i), next: text(i + 1) });

const advance = compile((x: Tensor, h0: Tensor, c0: Tensor) => model.forward(x, { h0, c0 }));
let [h, c] = times(2, () => tensor(new Float32Array(64), { shape: [1, 1, 64] }));
let recited = RHYME[0];
while (recited.length < RHYME.length) {
  const { logits, hn, cn } = await advance(tensor([[code(recited.length - 1)]], { dtype: "i32" }), h, c);
  recited += letters[await logits.flatten().argmax(1).item()];
  [h, c] = [hn, cn];
}
export const remembered =
  Array.from(recited).filter((letter, i) => letter === RHYME[i]).length / RHYME.length;
console.log(`${recited}(${(100 * remembered).toFixed(0)} % right)`);
