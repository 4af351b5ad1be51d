/** A GAN learns points on a circle: two models, two optimizers, two training steps that share the models. */
import { compile, compileTrainStep, nn, optim, type Tensor, tensor } from "roundoff";

const mlp = (outputs: number, seed: number) =>
  nn.init(
    new nn.Sequential(
      ...[new nn.Linear(2, 64), new nn.ReLU(), new nn.Linear(64, 64), new nn.ReLU()],
      new nn.Linear(64, outputs),
    ),
    { seed },
  );
const generator = mlp(2, 1);
const discriminator = mlp(1, 2);

const batch = (point: (angle: number) => number[]) =>
  tensor(Array.from({ length: 128 }, () => point(2 * Math.PI * Math.random())));
const circle = () => batch((angle) => [Math.cos(angle), Math.sin(angle)]);
const noise = () => batch(() => [2 * Math.random() - 1, 2 * Math.random() - 1]);

/** Least-squares GAN: real points score 1, made ones 0 for the discriminator and 1 for the generator. */
const distance = (scores: Tensor, target: number) => scores.affine(1, -target).square().mean();
const adam = () => new optim.Adam({ lr: 1e-3, betas: [0.5, 0.9] });
const discriminate = compileTrainStep(discriminator, {
  loss: (d, batch: { real: Tensor; noise: Tensor }) =>
    distance(d.forward(batch.real), 1).add(distance(d.forward(generator.forward(batch.noise)), 0)),
  optimizer: adam(),
});
const generate = compileTrainStep(generator, {
  loss: (g, noise: Tensor) => distance(discriminator.forward(g.forward(noise)), 1),
  optimizer: adam(),
});
for (let i = 0; i < 600; i++) {
  await discriminate({ real: circle(), noise: noise() });
  await generate(noise());
}
const made = await (await compile(generator)(noise())).data();
const radii = Array.from({ length: 128 }, (_, i) => Math.hypot(made[2 * i], made[2 * i + 1]));
export const meanRadius = radii.reduce((sum, radius) => sum + radius, 0) / radii.length;
console.log(`mean radius of the made points ${meanRadius.toFixed(3)}`);
