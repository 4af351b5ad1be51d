"""Runs matrix products and convolutions in PyTorch (oneDNN) on request, so that another process can alternate them with its
own. Arguments: precision(fp32|bf16) threads clock(wall|cpu), then one JSON list of works as src/cli/bench/product-work.ts
makes them. Reads lines `WORK REPEATS`, answers with the milliseconds of one product. Convolutions are channels_last."""
import json
import sys
import time

import torch


def channels_last(shape, dtype):
    n, h, w, c = shape
    return torch.randn(n, c, h, w).to(dtype).to(memory_format=torch.channels_last)


def product(work, dtype):
    first, second = (tensor["shape"] for tensor in work["inputs"])
    if work["op"] == "matmul":
        a, b = torch.randn(first).to(dtype), torch.randn(second).to(dtype)
        out = torch.empty(work["output"]["shape"], dtype=dtype)
        return lambda: torch.mm(a, b, out=out)
    a, b = channels_last(first, dtype), channels_last(second, dtype)
    at = work["attrs"]
    common = ([at["strideH"], at["strideW"]], [at["padH"], at["padW"]], [at["dilationH"], at["dilationW"]])
    groups = at["groups"]
    if work["op"] == "conv2d":
        return lambda: torch.conv2d(a, b, None, *common, groups)
    backward = torch.ops.aten.convolution_backward
    if work["op"] == "conv2dGradInput":
        x = channels_last(work["output"]["shape"], dtype)
        return lambda: backward(a, x, b, None, *common, False, [0, 0], groups, [True, False, False])
    w = channels_last(work["output"]["shape"], dtype)
    return lambda: backward(a, b, w, None, *common, False, [0, 0], groups, [False, True, False])


def main():
    precision, threads, works = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[4])
    now = time.process_time if sys.argv[3] == "cpu" else time.perf_counter
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    print(f"ready torch {torch.__version__}", flush=True)
    current, run = -1, None
    with torch.no_grad():
        for line in sys.stdin:
            index, repeats = (int(part) for part in line.split())
            if index != current:
                current, run = index, product(works[index], dtype)
                run()
            start = now()
            for _ in range(repeats):
                run()
            print((now() - start) * 1000 / repeats, flush=True)


main()
