"""Runs training steps in PyTorch on request, so that another process can alternate them with its own: reads lines `STEPS`, answers
with one line of JSON: the milliseconds of one step, and for pictures the last loss and the momentum of the first and last layers'
weights (convolutions OHWI). Arguments: net precision(fp32|bf16) batch size threads, and for pictures the file of image-start.mjs."""
import json
import sys
import time

import torch

from torch_nets import IMAGE_NETS, NETS


def main():
    net, precision, batch, size, threads = sys.argv[1:6]
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    images = net in IMAGE_NETS
    if images:
        model, loss_of = IMAGE_NETS[net](sys.argv[6])
    else:
        model, loss_of = NETS[net](int(batch), int(size)) if size != "0" else NETS[net](int(batch))
    model.train()
    # Sparse gradients: plain SGD on both sides, which updates only the rows that were read.
    momentum = 0 if net.endswith("-sparse") else 0.9
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2 if images else 1e-4, momentum=momentum)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss

    def report(loss):
        conv1, fc = (optimizer.state[layer.weight]["momentum_buffer"] for layer in (model.conv1, model.fc))
        momentum = {"conv1": conv1.permute(0, 2, 3, 1).flatten().tolist(), "fc": fc.flatten().tolist()}
        return {"loss": loss.item(), "momentum": momentum}

    print(f"ready torch {torch.__version__}", flush=True)
    for line in sys.stdin:
        count = int(line)
        start = time.perf_counter()
        for _ in range(count):
            loss = step()
        ms = (time.perf_counter() - start) * 1000 / count
        print(json.dumps({"ms": ms, **(report(loss) if images else {})}), flush=True)


main()
