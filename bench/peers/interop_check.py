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



def conv_stack(weights, prefix, layers):
    """torchvision's `features`: `layers` are kernel paddings and strides, or "pool" with its kernel and stride."""
    modules = []
    for layer in layers:
        if layer[0] == "pool":
            modules.append(torch.nn.MaxPool2d(layer[1], layer[2]))
            continue
        out, into, kernel, _ = weights[f"{prefix}.{len(modules)}.weight"].shape
        modules += [torch.nn.Conv2d(into, out, kernel, stride=layer[0], padding=layer[1]), torch.nn.ReLU()]
    return torch.nn.Sequential(*modules)


class TorchModel(torch.nn.Module):
    """torchvision's AlexNet or VGG-16, in the sizes of a state dict."""

    def __init__(self, name, weights):
        super().__init__()
        pool2, pool3 = ("pool", 2, 2), ("pool", 3, 2)
        plans = {"alexnet": [(1, 1), pool3, (1, 2), pool3, (1, 1), (1, 1), (1, 1), pool3],
                 "vgg16": [layer for count in (2, 2, 3, 3, 3) for layer in [(1, 1)] * count + [pool2]]}
        self.features = conv_stack(weights, "features", plans[name])
        linear = {key.split(".")[1]: weights[key].shape for key in weights
                  if key.startswith("classifier") and key.endswith("weight")}
        grid = math.isqrt(linear[min(linear, key=int)][1] // self.features[-3].out_channels)
        self.avgpool = torch.nn.AdaptiveAvgPool2d(grid)
        drop = torch.nn.Dropout
        first, second, last = (torch.nn.Linear(*reversed(linear[key])) for key in sorted(linear, key=int))
        relu = torch.nn.ReLU
        parts = {"alexnet": [drop(), first, relu(), drop(), second, relu(), last],
                 "vgg16": [first, relu(), drop(), second, relu(), drop(), last]}
        self.classifier = torch.nn.Sequential(*parts[name])

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class LeNet(torch.nn.Module):
    def __init__(self, _, weights):
        super().__init__()
        for key in ("conv1", "conv2", "fc1", "fc2", "fc3"):
            out, into, *kernel = weights[f"{key}.weight"].shape
            setattr(self, key, torch.nn.Conv2d(into, out, kernel[0]) if kernel else torch.nn.Linear(into, out))

    def forward(self, x):
        for conv in (self.conv1, self.conv2):
            x = torch.nn.functional.max_pool2d(conv(x).relu(), 2)
        return self.fc3(self.fc2(self.fc1(x.flatten(1)).relu()).relu())


torch.manual_seed(1)
for name in ("lenet", "alexnet", "vgg16"):
    weights, case = load_file(folder / f"{name}.safetensors"), numpy.load(folder / f"{name}.npz")
    images = torch.from_numpy(case["images"])
    model = (LeNet if name == "lenet" else TorchModel)(name, weights).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.kaiming_normal_(parameter)
        # The other way: weights that PyTorch drew, and its logits, for interop-files.mjs --back.
        theirs = model(images.permute(0, 3, 1, 2))
        save_file(model.state_dict(), folder / f"{name}-torch.safetensors", metadata={"format": "pt"})
        save_file({"logits": theirs.contiguous(), "images": images}, folder / f"{name}-torch-logits.safetensors")
        model.load_state_dict(weights)
        x, ours = model(images.permute(0, 3, 1, 2)), torch.from_numpy(case["logits"])
    off = ((x - ours).abs().max() / ours.abs().max()).item()
    assert off < 1e-4, (name, off)
    print(f"torch: {name} with our weights, logits within {off:.1e} of the largest")

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
