"""Rounding in QPyTorch on request, so that another process can alternate it with its own: reads lines `EXPONENT_BITS
TRAILING_BITS` (0 0: a plain copy of the array), answers with milliseconds. Arguments: elements, clock (wall|cpu)."""
import sys
import time

import torch
from qtorch.quant import float_quantize


def main():
    now = time.process_time if sys.argv[2] == "cpu" else time.perf_counter
    torch.set_num_threads(1 if sys.argv[2] == "cpu" else torch.get_num_threads())
    x = torch.randn(int(sys.argv[1]))
    out = torch.empty_like(x)
    print(f"ready torch {torch.__version__}", flush=True)
    for line in sys.stdin:
        exponent, trailing = (int(part) for part in line.split())
        start = now()
        if exponent == 0:
            out.copy_(x)
        else:
            float_quantize(x, exp=exponent, man=trailing, rounding="nearest")
        print((now() - start) * 1000, flush=True)


main()
