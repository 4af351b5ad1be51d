/**
 * Recipes by name for any format: `uniform:FORMAT`, `uniform:FORMAT:ERRORS`. Operands of every GEMM are rounded to FORMAT,
 * gradients to ERRORS where it is given; everything else stays FP32. A format may name its rounding: `mxfp4/stochastic`.
 */
import { RoundoffError, require } from "../base/errors.ts";
import { format } from "../formats/catalog.ts";
import { emin, type NumberFormat, ROUNDINGS, type Rounding } from "../formats/format.ts";
import type { Quantizer } from "../graph/primitives.ts";
import type { LossScaling, Recipe } from "../precision/recipe.ts";
import { fp16 } from "./fp16.ts";

const PREFIX = "uniform:";

export const UNIFORM_USAGE = "uniform:FORMAT[/ROUNDING][:FORMAT[/ROUNDING] for errors]";

/** True if a name is meant as one of these recipes. */
export function isUniform(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** @throws RoundoffError for a name that is not of this form, an unknown format or rounding. */
export function uniformRecipe(name: string): Recipe {
  const [forward, errors = forward, ...rest] = name.slice(PREFIX.length).split(":");
  require(forward !== "" && errors !== "" && rest.length === 0, "INVALID_ARGUMENT", () => ({
    what: `"${name}" names no recipe`,
    expected: UNIFORM_USAGE,
    received: name,
  }));
  const [operands, gradients] = [parse(forward), parse(errors)];
  return {
    name,
    paper: "No paper: one format everywhere",
    summary: `${forward} operands in every GEMM${errors === forward ? "" : `, ${errors} gradients`}; FP32 elsewhere`,
    policy: {
      rules: [
        { roles: ["input", "weight"], quantizer: operands },
        { roles: ["gradOutput"], quantizer: gradients },
      ],
    },
    lossScaling: scalingFor(gradients.format),
    choices: [
      {
        what: "operands of GEMMs",
        setting: `${forward}, gradients ${errors}`,
        basis: "ours",
        from: "The name",
      },
      {
        what: "loss scaling",
        setting: scalingFor(gradients.format).kind,
        basis: "ours",
        from: "As recipe fp16 where gradients are floats with a smaller range than FP32's",
      },
    ],
  };
}

function parse(text: string): Quantizer {
  const [name, rounding = "nearestEven", ...rest] = text.split("/");
  const mode = ROUNDINGS.find((known) => known === rounding);
  if (mode === undefined || rest.length > 0) {
    throw new RoundoffError("UNKNOWN_NAME", {
      what: `there is no rounding "${[rounding, ...rest].join("/")}"`,
      expected: ROUNDINGS.join(", "),
      received: text,
    });
  }
  return quantizerOf(format(name), mode);
}

/** Floats show overflow to the loss scaling; elements under scales saturate anyway. */
function quantizerOf(of: NumberFormat, rounding: Rounding): Quantizer {
  return { format: of, rounding, overflow: of.kind === "float" ? "infinity" : "saturate" };
}

function scalingFor(gradients: NumberFormat): LossScaling {
  return gradients.kind === "float" && emin(gradients) > -126 ? fp16.lossScaling : { kind: "none" };
}
