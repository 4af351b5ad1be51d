/**
 * The number formats that Roundoff knows, and how to find one by name. A new format is one entry in catalog/; nothing
 * else may list formats. Knows nothing of rounding or tensors.
 */
import { RoundoffError, unknownName } from "../base/errors.ts";
import { BLOCK_FORMATS } from "./catalog/blocks.ts";
import { FLOAT_FORMATS } from "./catalog/floats.ts";
import { INTEGER_FORMATS } from "./catalog/integers.ts";
import { POSIT_FORMATS } from "./catalog/posits.ts";
import { type FloatFormat, isScaled, type NumberFormat, type ScaledFormat } from "./format.ts";
import { formatFromName, NAME_PATTERNS } from "./format-name.ts";

/** Every format with a name of its own: floats, posits, integers, blocks. */
export const FORMATS: readonly NumberFormat[] = [
  ...FLOAT_FORMATS,
  ...POSIT_FORMATS,
  ...INTEGER_FORMATS,
  ...BLOCK_FORMATS,
];

const byName: ReadonlyMap<string, NumberFormat> = new Map(
  FORMATS.flatMap((entry) => [entry.name, ...entry.aliases].map((name) => [name, entry] as const)),
);

/**
 * The format of a name or alias of the catalogue, or of a name that follows the grammar of format-name.ts; in any case of
 * letters. A name that describes a format of the catalogue gives that one: `e5m10` is fp16.
 * @throws RoundoffError UNKNOWN_NAME, listing the names and the closest one; INVALID_ARGUMENT for a name of the grammar
 * whose numbers make no format.
 */
export function format(name: string): NumberFormat {
  const lower = name.toLowerCase();
  const found = byName.get(lower) ?? formatFromName(lower);
  if (found === undefined)
    throw unknownName("number format", name, [...FORMATS.map((entry) => entry.name), ...NAME_PATTERNS]);
  return found.kind === "float" ? (catalogued(found) ?? found) : found;
}

/** The entry that has the same values under the same codes. */
function catalogued(format: FloatFormat): FloatFormat | undefined {
  return FLOAT_FORMATS.find(
    (entry) =>
      entry.exponentBits === format.exponentBits &&
      entry.precision === format.precision &&
      entry.bias === format.bias &&
      entry.maxFinite === format.maxFinite &&
      entry.hasSign === format.hasSign &&
      entry.hasInfinity === format.hasInfinity &&
      entry.hasNaN === format.hasNaN &&
      entry.hasNegativeZero === format.hasNegativeZero &&
      entry.hasSubnormals === format.hasSubnormals,
  );
}

/**
 * The float format of a name or alias.
 * @throws RoundoffError as `format`, or INVALID_ARGUMENT if the name is that of another kind of format.
 */
export function floatFormat(name: string): FloatFormat {
  const found = format(name);
  if (found.kind === "float") return found;
  throw wrongKind(found, name, "a floating-point format", FLOAT_FORMATS);
}

/**
 * The integer or block format of a name or alias: what `quantize` takes.
 * @throws RoundoffError as `floatFormat`.
 */
export function scaledFormat(name: string): ScaledFormat {
  const found = format(name);
  if (isScaled(found)) return found;
  throw wrongKind(found, name, "a format with scales", [...INTEGER_FORMATS, ...BLOCK_FORMATS]);
}

function wrongKind(
  found: NumberFormat,
  name: string,
  wanted: string,
  known: readonly NumberFormat[],
): RoundoffError {
  return new RoundoffError("INVALID_ARGUMENT", {
    what: `number format "${found.name}" is not ${wanted}`,
    expected: `one of ${known.map((entry) => entry.name).join(", ")}`,
    received: `"${name}" (kind: ${found.kind})`,
  });
}
