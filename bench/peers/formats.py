"""Roundoff's conversions beside those of ml_dtypes and gfloat: the same FP32 inputs, compared bit for bit.

    bench/peers/setup.sh formats-requirements.txt && npm run setup
    bench/peers/.venv/bin/python bench/peers/formats.py

Prints a Markdown table. A difference is either explained, by a condition that names exactly the inputs that it is about,
or counts as a mismatch; any mismatch makes the exit code 1.
"""
import importlib.metadata
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import gfloat
import gfloat.formats as known
import ml_dtypes
import numpy as np
from gfloat import Domain, FormatInfo, RoundMode, Signedness

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = tempfile.TemporaryDirectory(prefix="roundoff-peers-")
WORK = Path(SCRATCH.name)
RANDOM_INPUTS = 200_000
SEED, STEP, TENSOR = 77, 5, 3

# Our name -> type of ml_dtypes or NumPy, and the overflow rule that it follows.
ML_DTYPES = {
    "bf16": (ml_dtypes.bfloat16, "infinity"),
    "fp16": (np.float16, "infinity"),
    "e5m2": (ml_dtypes.float8_e5m2, "infinity"),
    "e4m3": (ml_dtypes.float8_e4m3fn, "infinity"),
    "e4m3ieee": (ml_dtypes.float8_e4m3, "infinity"),
    "e3m4": (ml_dtypes.float8_e3m4, "infinity"),
    "e5m2fnuz": (ml_dtypes.float8_e5m2fnuz, "infinity"),
    "e4m3fnuz": (ml_dtypes.float8_e4m3fnuz, "infinity"),
    "e4m3b11fnuz": (ml_dtypes.float8_e4m3b11fnuz, "infinity"),
    "e8m0": (ml_dtypes.float8_e8m0fnu, "infinity"),
    "e3m2": (ml_dtypes.float6_e3m2fn, "saturate"),
    "e2m3": (ml_dtypes.float6_e2m3fn, "saturate"),
    "e2m1": (ml_dtypes.float4_e2m1fn, "saturate"),
}


def like_p3109(name, exponent_bits, bias, domain=Domain.Finite):
    """A format of 8 bits without -0, whose NaN has the code of -0."""
    return FormatInfo(name, 8, 8 - exponent_bits, bias=bias, has_nz=False, domain=domain, num_high_nans=0,
                      has_subnormals=True, is_signed=True, is_twos_complement=False)


GFLOAT = {
    "bf16": known.format_info_bfloat16,
    "fp16": known.format_info_binary16,
    "e5m2": known.format_info_ocp_e5m2,
    "e4m3": known.format_info_ocp_e4m3,
    "e3m2": known.format_info_ocp_e3m2,
    "e2m3": known.format_info_ocp_e2m3,
    "e2m1": known.format_info_ocp_e2m1,
    "e5m2fnuz": like_p3109("e5m2fnuz", 5, 16),
    "e4m3fnuz": like_p3109("e4m3fnuz", 4, 8),
    "e4m3b11fnuz": like_p3109("e4m3b11fnuz", 4, 11),
} | {
    f"binary8p{p}{suffix}": known.format_info_p3109(8, p, Signedness.Signed, domain)
    for p in range(1, 8)
    for suffix, domain in (("", Domain.Extended), ("sf", Domain.Finite))
}

MODES = {
    "nearestEven": RoundMode.TiesToEven,
    "nearestAway": RoundMode.TiesToAway,
    "towardZero": RoundMode.TowardZero,
    "towardPositive": RoundMode.TowardPositive,
    "towardNegative": RoundMode.TowardNegative,
}

MX = {
    "mxfp8e5m2": known.format_info_mxfp8_e5m2,
    "mxfp8e4m3": known.format_info_mxfp8_e4m3,
    "mxfp6e3m2": known.format_info_mxfp6_e3m2,
    "mxfp6e2m3": known.format_info_mxfp6_e2m3,
    "mxfp4": known.format_info_mxfp4_e2m1,
    "mxint8": known.format_info_mxint8,
}


def roundoff(*arguments):
    command = ["node", str(ROOT / "dist" / "cli" / "main.js"), *map(str, arguments), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def convert(values, *options, scales=False):
    """`roundoff convert` of FP32 values; with scales also those."""
    source, target, scale_file = WORK / "in.f32", WORK / "out.f32", WORK / "scales.f32"
    values.astype("<f4").tofile(source)
    extra = ["--scales", scale_file] if scales else []
    roundoff("convert", "--in", source, "--out", target, *options, *extra)
    result = np.fromfile(target, "<f4")
    return (result, np.fromfile(scale_file, "<f4")) if scales else result


def inputs_for(name):
    """Random FP32 patterns, and every value of the format and every middle of two with three FP32 neighbours each side."""
    random = np.random.default_rng(1).integers(0, 2**32, RANDOM_INPUTS, dtype=np.uint32)
    listed = roundoff("format", "show", name)["values"]
    finite = sorted({abs(entry["value"]) for entry in listed if isinstance(entry["value"], (int, float))})
    values = np.array(finite, dtype=np.float64)
    top = values[-1] + (values[-1] - values[-2]) * np.array([0.5, 1, 2])
    with np.errstate(over="ignore"):
        points = np.concatenate([values, (values[1:] + values[:-1]) / 2, top]).astype(np.float32)
    patterns = points[np.isfinite(points)].view(np.uint32).astype(np.int64)
    around = np.concatenate([patterns + step for step in range(-3, 4)])
    around = around[(around >= 0) & (around <= 0x7F800000)].astype(np.uint32)
    special = np.array([0, 1, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x7F800000, 0x7FC00000], dtype=np.uint32)
    both = np.concatenate([around, special])
    return np.concatenate([random, both, both | np.uint32(0x80000000)]).view(np.float32)


def differing(ours, theirs):
    """True where the patterns differ; NaN agrees with NaN."""
    theirs = theirs.astype(np.float32)
    both_nan = np.isnan(ours) & np.isnan(theirs)
    return (ours.view(np.uint32) != theirs.view(np.uint32)) & ~both_nan


rows = []
failed = False


def report(name, what, peer, inputs, wrong, explained=None, why=""):
    """`explained`: the inputs for which the difference is by definition."""
    global failed
    excused = wrong & explained if explained is not None else np.zeros_like(wrong)
    left = int((wrong & ~excused).sum())
    failed = failed or left > 0
    rows.append((name, what, peer, len(inputs), left, f"{int(excused.sum())}: {why}" if excused.any() else ""))
    for x in inputs[wrong & ~excused][:3]:
        print(f"  {name} {what} {peer}: differs at {x!r} (0x{x.view(np.uint32):08x})", file=sys.stderr)


def with_ml_dtypes():
    for name, (dtype, overflow) in ML_DTYPES.items():
        x = inputs_for(name)
        with np.errstate(all="ignore"):
            theirs = x.astype(dtype).astype(np.float32)
        ours = convert(x, "--format", name, "--overflow", overflow)
        explained, why = None, ""
        if name in ("e3m2", "e2m3", "e2m1"):
            explained, why = np.isnan(x), "NaN, which the format lacks: here NaN, there a zero"
        if name == "e8m0":
            # ml_dtypes 0.6.0 rounds every FP32 subnormal above 2^-127 up to 2^-126, also below the middle.
            below_middle = (x > 2.0**-127) & (x < 1.5 * 2.0**-127)
            explained, why = (x == 0) | below_middle, "0 is 2^-127 here, NaN there; between 2^-127 and 1.5·2^-127 there rounds up"
        report(name, f"nearestEven, {overflow}", "ml_dtypes", x, differing(ours, theirs), explained, why)


def with_gfloat():
    for name, info in GFLOAT.items():
        x = inputs_for(name)
        exact = x.astype(np.float64)
        for mode, theirs_mode in MODES.items():
            with np.errstate(all="ignore"):
                theirs = gfloat.round_ndarray(info, exact, theirs_mode, sat=True)
            ours = convert(x, "--format", name, "--rounding", mode, "--overflow", "saturate")
            explained, why = None, ""
            if info.precision == 1 and mode == "nearestEven":
                explained, why = is_tie_of_powers(x), "ties, resolved there by the parity of the code"
            report(name, f"{mode}, saturate", "gfloat", x, differing(ours, theirs), explained, why)
        if name not in ("e3m2", "e2m3", "e2m1"):
            with np.errstate(all="ignore"):
                theirs = gfloat.round_ndarray(info, exact, RoundMode.TiesToEven, sat=False)
            ours = convert(x, "--format", name, "--overflow", "infinity")
            explained = is_tie_of_powers(x) if info.precision == 1 else None
            report(name, "nearestEven, infinity", "gfloat", x, differing(ours, theirs), explained,
                   "ties, resolved there by the parity of the code")


def is_tie_of_powers(x):
    significand, _ = np.frexp(np.abs(x))
    return significand == 0.75


def philox_words(count):
    """The words of stochastic rounding by an implementation of its own: Philox4x32-10 at (block, tensor, step, 5)."""
    mask = np.uint64(0xFFFFFFFF)
    blocks = np.arange((count + 3) // 4, dtype=np.uint64)
    c = [blocks & mask, np.full_like(blocks, TENSOR), np.full_like(blocks, STEP), np.full_like(blocks, 5)]
    k0, k1 = SEED & 0xFFFFFFFF, SEED >> 32
    for _ in range(10):
        low, high = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(high >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), high & mask,
             (low >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), low & mask]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, axis=1).reshape(-1)[:count]


def stochastic_with_gfloat():
    for name in ("bf16", "e5m2", "e4m3", "e2m1", "binary8p3"):
        x = inputs_for(name)
        words = philox_words(len(x))
        for bits in (1, 2, 4, 8, 16):
            top = (words >> np.uint64(32 - bits)).astype(np.int64)
            with np.errstate(all="ignore"):
                theirs = gfloat.round_ndarray(GFLOAT[name], x.astype(np.float64), RoundMode.Stochastic, sat=True,
                                              srbits=top, srnumbits=bits)
            ours = convert(x, "--format", name, "--rounding", "stochastic", "--overflow", "saturate", "--seed", SEED,
                           "--step", STEP, "--tensor", TENSOR, "--random-bits", bits)
            report(name, f"stochastic, {bits} bits", "gfloat + Philox", x, differing(ours, theirs))


def blocks_for(rng):
    """Blocks of 32: normal numbers at many scales, amax just below and at powers of two, a huge range, zeros."""
    normal = rng.standard_normal((600, 32)) * 2.0 ** rng.integers(-30, 30, (600, 1))
    edges = rng.uniform(-0.9, 0.9, (64, 32))
    edges[:, 5] = [(-1) ** i * (1 if i % 4 < 2 else 2 - 2**-23) for i in range(64)]
    edges *= 2.0 ** rng.integers(-20, 20, (64, 1))
    wide = 2.0 ** rng.uniform(-100, 100, (64, 32))
    return np.concatenate([normal, edges, wide, np.zeros((1, 32))]).astype(np.float32)


def exact_exponent(amax, info, rule):
    """The exponent of a block by the definition of each rule, in exact double arithmetic (frexp, no logarithm)."""
    significand, exponent = np.frexp(float(amax))
    power = exponent - 1 + (1 if significand > 0.5 else 0)
    if rule == "floor":
        result = exponent - 1 - info.emax
    elif rule == "ceil":
        result = power - info.emax
    elif rule == "roundUp":
        largest, largest_exponent = np.frexp(float(info.max))
        result = exponent - largest_exponent + (1 if significand > largest else 0)
    else:
        bits = info.precision if rule == "even" else 1
        scaled = significand * 2.0**bits
        result = exponent - 1 + (1 if np.round(scaled) == 2.0**bits else 0) - info.emax
    return max(-127, min(127, result))


def mx_with_gfloat():
    x = blocks_for(np.random.default_rng(2))
    for name, info in MX.items():
        # Integers have no such fields in gfloat: 127/64 has 7 bits, its exponent is 0.
        class Element:
            emax = 0 if name == "mxint8" else info.etype.emax
            max = info.etype.max
            precision = 7 if name == "mxint8" else info.etype.precision

        for rule in ("floor", "ceil", "even", "roundUp", "nearest"):
            def scale(_, block, rule=rule):
                amax = np.max(np.abs(block))
                return 2.0**-127 if amax == 0 else 2.0 ** exact_exponent(amax, Element, rule)

            theirs = np.stack([gfloat.quantize_block(info, row.astype(np.float64), scale) for row in x])
            ours, scales = convert(x, "--format", name, "--shape", f"{x.shape[0]}x32", "--scale-rule", rule, scales=True)
            wrong_scales = scales != np.array([scale(0, row) for row in x], dtype=np.float32)
            wrong = differing(ours, theirs.reshape(-1)) | np.repeat(wrong_scales, 32)
            lowest = (name == "mxint8") & (theirs.reshape(-1) == -2 * np.repeat(scales, 32))
            why = "-2 · scale (the integer -128) there, -127/64 · scale here"
            report(name, f"scale rule {rule}", "gfloat", x.reshape(-1), wrong, lowest, why)


def nvfp4_with_ml_dtypes():
    """A transcription of the two-level rule in double arithmetic, elements and block scales cast by ml_dtypes."""
    rng = np.random.default_rng(3)
    x = (rng.standard_normal((256, 64)) * 2.0 ** rng.integers(-8, 8, (256, 1))).astype(np.float32)
    blocks = x.reshape(-1, 16).astype(np.float64)
    tensor = np.float32(np.abs(blocks).max() / 2688)
    wanted = np.abs(blocks).max(axis=1) / (6 * np.float64(tensor))
    scales = np.minimum(wanted, 448).astype(ml_dtypes.float8_e4m3fn).astype(np.float64)
    step = (scales * np.float64(tensor))[:, None]
    quotient = np.divide(blocks, step, out=blocks * 0, where=step != 0)
    theirs = (quotient.astype(ml_dtypes.float4_e2m1fn).astype(np.float64) * step).astype(np.float32)
    ours = convert(x, "--format", "nvfp4", "--shape", "256x64")
    report("nvfp4", "nearestEven", "ml_dtypes, transcription", x.reshape(-1), differing(ours, theirs.reshape(-1)))


def main():
    # Signalling NaNs among the inputs.
    np.seterr(invalid="ignore")
    for step in (with_ml_dtypes, with_gfloat, stochastic_with_gfloat, mx_with_gfloat, nvfp4_with_ml_dtypes):
        step()
    print("| format | what | peer | inputs | mismatches | differences by definition |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print(f"\n{len(rows)} comparisons, {sum(row[3] for row in rows)} inputs, {sum(row[4] for row in rows)} mismatches; "
          f"ml_dtypes {ml_dtypes.__version__}, gfloat {importlib.metadata.version('gfloat')}, "
          f"NumPy {np.__version__}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
