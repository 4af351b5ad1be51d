/**
 * Losses of games: what a discriminator and a generator minimise, by the name of the game. Scores are logits, without a
 * sigmoid. Sources: Goodfellow et al. 2014 (`minimax`, the generator's in its non-saturating form), Mao et al. 2017
 * (`leastSquares`), Lim & Ye 2017 (`hinge`), Arjovsky et al. 2017 (`wasserstein`).
 */
import type { Tensor } from "../../graph/tensor.ts";
import { inFp32, type ReductionOptions, reduced } from "./reduction.ts";

export const ADVERSARIAL_GAMES = ["minimax", "leastSquares", "hinge", "wasserstein"] as const;
export type AdversarialGame = (typeof ADVERSARIAL_GAMES)[number];

/** Loss of scores that should be high, and of scores that should be low, for the discriminator. */
const DISCRIMINATOR: Record<AdversarialGame, { real: (s: Tensor) => Tensor; fake: (s: Tensor) => Tensor }> = {
  minimax: { real: (s) => s.neg().softplus(), fake: (s) => s.softplus() },
  leastSquares: { real: (s) => s.affine(1, -1).square().affine(0.5), fake: (s) => s.square().affine(0.5) },
  hinge: { real: (s) => s.affine(-1, 1).relu(), fake: (s) => s.affine(1, 1).relu() },
  wasserstein: { real: (s) => s.neg(), fake: (s) => s.affine(1) },
};

const GENERATOR: Record<AdversarialGame, (scores: Tensor) => Tensor> = {
  minimax: (s) => s.neg().softplus(),
  leastSquares: (s) => s.affine(1, -1).square().affine(0.5),
  hinge: (s) => s.neg(),
  wasserstein: (s) => s.neg(),
};

/** What the discriminator minimises: mean loss of its scores of real data plus that of its scores of fakes. */
export function discriminatorLoss(real: Tensor, fake: Tensor, game: AdversarialGame = "minimax"): Tensor {
  const losses = DISCRIMINATOR[game];
  return inFp32(real, () => losses.real(real).mean().add(losses.fake(fake).mean()));
}

/** What the generator minimises: the mean loss of the discriminator's scores of its fakes. */
export function generatorLoss(fake: Tensor, game: AdversarialGame = "minimax"): Tensor {
  return inFp32(fake, () => GENERATOR[game](fake).mean());
}

/** max(0, margin − target·x) for targets of ±1 (default margin 1). */
export function hingeLoss(
  x: Tensor,
  target: Tensor,
  { margin = 1, reduction }: ReductionOptions & { readonly margin?: number } = {},
): Tensor {
  return inFp32(x, () => reduced(x.mul(target).affine(-1, margin).relu(), reduction));
}

/** x where target is 1, max(0, margin − x) where it is −1: PyTorch's hinge_embedding_loss. */
export function hingeEmbeddingLoss(
  x: Tensor,
  target: Tensor,
  { margin = 1, reduction }: ReductionOptions & { readonly margin?: number } = {},
): Tensor {
  return inFp32(x, () => reduced(x.where(target.gt(0), x.affine(-1, margin).relu()), reduction));
}
