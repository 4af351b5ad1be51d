"""Runs training steps in PyTorch on request, so that another process can alternate them with its own: reads lines
`STEPS`, answers with the milliseconds of one step. Arguments: net precision(fp32|bf16) batch size threads."""
import sys
import time

import torch

from torch_nets import NETS


def main():
    net, precision, batch, size, threads = sys.argv[1:6]
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    model, loss_of = NETS[net](int(batch), int(size)) if size != "0" else NETS[net](int(batch))
    model.train()
    # Sparse gradients: plain SGD on both sides, which updates only the rows that were read.
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0 if net.endswith("-sparse") else 0.9)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = loss_of()
        loss.backward()
        optimizer.step()

    print(f"ready torch {torch.__version__}", flush=True)
    for line in sys.stdin:
        count = int(line)
        start = time.perf_counter()
        for _ in range(count):
            step()
        print((time.perf_counter() - start) * 1000 / count, flush=True)


main()
