"""What rounding costs in QPyTorch, beside PyTorch's own copy, on request: reads lines `EXPONENT_BITS TRAILING_BITS`, answers
with milliseconds of rounding the array and of copying it. Argument: elements."""
import sys
import time

import torch
from qtorch.quant import float_quantize


def best(run, rounds=7):
    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1000)
    return min(times)


def main():
    x = torch.randn(int(sys.argv[1]))
    out = torch.empty_like(x)
    print(f"ready torch {torch.__version__}", flush=True)
    for line in sys.stdin:
        exponent, trailing = (int(part) for part in line.split())
        rounding = best(lambda: float_quantize(x, exp=exponent, man=trailing, rounding="nearest"))
        print(f"{rounding} {best(lambda: out.copy_(x))}", flush=True)


main()
