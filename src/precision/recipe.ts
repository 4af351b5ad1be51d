/**
 * A recipe is a paper's whole set-up: which tensors are rounded (policy) and how the loss is scaled. Data; the files in
 * recipes/ hold one each.
 */
import type { Policy } from "./policy.ts";

/** From step `fromStep` (counted from 0) on, the loss scale is not below `scale`. */
export interface ScaleFloor {
  readonly fromStep: number;
  readonly scale: number;
}

/** How the loss is multiplied before the backward pass so that small errors stay in the format's range. */
export type LossScaling =
  | { readonly kind: "none" }
  /** One factor for the whole run; a step with non-finite gradients is skipped. */
  | { readonly kind: "constant"; readonly scale: number }
  /** Halved (backoffFactor) when a gradient is not finite, raised after `growthInterval` clean steps. */
  | {
      readonly kind: "dynamic";
      readonly initialScale: number;
      readonly growthFactor: number;
      readonly backoffFactor: number;
      readonly growthInterval: number;
      /** Floors that rise over the run, so that spurious overflows cannot bring the scale down. Absent: none. */
      readonly floor?: readonly ScaleFloor[];
    };

/** One choice of a recipe and the sentence of the paper that it comes from. */
export interface RecipeChoice {
  readonly what: string;
  readonly setting: string;
  /** `confirmed`: read in the paper or its authors' code; `recalled`: from memory of it; `ours`: our choice. */
  readonly basis: "confirmed" | "recalled" | "ours";
  readonly from: string;
}

export interface Recipe {
  readonly name: string;
  /** Author, year, title. */
  readonly paper: string;
  readonly summary: string;
  readonly policy: Policy;
  readonly lossScaling: LossScaling;
  readonly choices: readonly RecipeChoice[];
  /** Set where the recipe was made with options: the text of every option it has, chosen or not. */
  readonly options?: Readonly<Record<string, string>>;
}
