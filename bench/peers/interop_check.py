"""Reads what bench/peers/interop-files.mjs wrote with PyTorch, safetensors, NumPy and TensorBoard, and writes it back.

Usage: python interop_check.py DIR   (torch, safetensors, numpy, tensorboard from PyPI)
"""

import math
import sys
from pathlib import Path

import numpy
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder = Path(sys.argv[1])

tensors = load_file(folder / "torch.safetensors")
for name, tensor in sorted(tensors.items()):
    print(f"torch: {name} {tuple(tensor.shape)} {tensor.dtype}")
save_file(tensors, folder / "from-torch.safetensors", metadata={"format": "pt"})
with safe_open(folder / "all.safetensors", framework="numpy") as file:
    print(f"safetensors: {len(file.keys())} tensors listed, shapes of F6 "
          f"{[file.get_slice(key).get_shape() for key in file.keys() if 'F6' in key]}")

arrays = dict(numpy.load(folder / "numpy.npz"))
print("numpy:", {name: (array.dtype.str, array.shape) for name, array in arrays.items()})
numpy.savez(folder / "from-numpy.npz", **arrays)
numpy.savez_compressed(folder / "from-numpy-compressed.npz", **arrays)

w, case = load_file(folder / "lenet.safetensors"), numpy.load(folder / "lenet.npz")
x = torch.from_numpy(case["images"]).permute(0, 3, 1, 2)
for layer in ("conv1", "conv2"):
    x = torch.nn.functional.max_pool2d(torch.conv2d(x, w[f"{layer}.weight"], w[f"{layer}.bias"]).relu(), 2)
x = x.flatten(1)
for layer in ("fc1", "fc2", "fc3"):
    x = torch.nn.functional.linear(x if layer == "fc1" else x.relu(), w[f"{layer}.weight"], w[f"{layer}.bias"])
ours = torch.from_numpy(case["logits"])
off = ((x - ours).abs().max() / ours.abs().max()).item()
assert off < 1e-4, off
print(f"torch: lenet with our weights, logits within {off:.1e} of the largest")

events = EventAccumulator(str(folder), size_guidance={"tensors": 0, "histograms": 0, "scalars": 0})
events.Reload()
tags = events.Tags()
scalars = [(event.step, event.value) for event in events.Scalars("loss")]
assert scalars[0] == (1, 2.5) and scalars[1][0] == 70000 and math.isnan(scalars[1][1]), scalars
histogram = events.Histograms("weights")[0]
values = numpy.array([math.sin(i) * i for i in range(1000)], dtype=numpy.float32).astype(float)
value = histogram.histogram_value
assert (histogram.step, value.num) == (3, 1000) and value.min == values.min() and value.max == values.max()
assert abs(value.sum - values.sum()) < 1e-9 * numpy.abs(values).sum()
edges = numpy.array([-math.inf, *value.bucket_limit])
assert list(numpy.histogram(values, edges)[0]) == list(value.bucket) or sum(value.bucket) == 1000
text = events.Tensors("recipe")[0].tensor_proto.string_val[0].decode()
assert text == "FP8, stochastic — ünïcode", text
print(f"tensorboard: {tags['scalars']}, {tags['histograms']}, {tags['tensors']} read back")
