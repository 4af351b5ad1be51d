"""Golden cases of the layers' operations as PyTorch computes them in FP64, in many variants of their attributes.

Usage: python layer_goldens.py DIR, then `npx roundoff goldens DIR` and again with `--kernels reference`.
Writes the manifest format of `roundoff goldens`: layouts are PyTorch's.
"""
import json
import os
import struct
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(20240607)
tensors, cases = {}, []


def add(name, value):
    tensors[name] = value.detach().to(torch.float32).contiguous()
    return name


def case(op, function, inputs, attrs, **options):
    """`function(**inputs) → tensor`; gradients of all inputs but those in options["constant"]."""
    name = f"{op}_{len(cases)}"
    constant = options.get("constant", ())
    given = {k: v.to(torch.float32).double() for k, v in inputs.items()}
    for k, v in given.items():
        v.requires_grad_(k not in constant)
    output = function(**given)
    cotangent = torch.randn(output.shape, dtype=torch.float64).to(torch.float32).double()
    output.backward(cotangent)
    cases.append({
        "name": name, "op": op, "attrs": attrs,
        "inputs": {k: add(f"{name}.{k}", v) for k, v in given.items()},
        "outputs": {"output": add(f"{name}.output", output)},
        "cotangents": {"output": add(f"{name}.cotangent", cotangent)},
        "grads": {k: add(f"{name}.grad.{k}", v.grad) for k, v in given.items() if k not in constant},
        "atol": 1e-4, "rtol": 1e-4,
    })


def r(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def convolutions():
    for attrs, weight in [
        ({"padding": "same"}, r(6, 4, 3, 3)),
        ({"padding": "same", "dilation": [1, 2]}, r(6, 4, 2, 4)),
        ({"stride": [2, 3], "padding": [1, 2], "groups": 2}, r(6, 2, 3, 5)),
    ]:
        case("conv2d", lambda x, weight, bias: F.conv2d(x, weight, bias, **attrs),
             {"x": r(2, 4, 9, 11), "weight": weight, "bias": r(6)}, attrs)
    for attrs, weight in [
        ({}, r(4, 5, 3, 2)),
        ({"stride": 2, "padding": 1, "outputPadding": 1}, r(4, 5, 3, 3)),
        ({"stride": [3, 2], "padding": [0, 2], "outputPadding": [2, 1], "dilation": [2, 3]}, r(4, 5, 3, 4)),
        ({"stride": 2, "groups": 4, "padding": 1}, r(4, 2, 4, 4)),
        ({"stride": 1, "dilation": 3, "outputPadding": 2, "groups": 2}, r(4, 3, 2, 3)),
    ]:
        torch_attrs = {("output_padding" if k == "outputPadding" else k): v for k, v in attrs.items()}
        inputs = {"x": r(2, 4, 5, 6), "weight": weight, "bias": r(weight.shape[1] * attrs.get("groups", 1))}
        case("convTranspose2d", lambda x, weight, bias: F.conv_transpose2d(x, weight, bias, **torch_attrs), inputs, attrs)


def pooling():
    snake = {"kernelSize": "kernel_size", "ceilMode": "ceil_mode", "countIncludePad": "count_include_pad",
             "divisorOverride": "divisor_override"}
    torched = lambda attrs: {snake.get(k, k): v for k, v in attrs.items()}
    for attrs in [
        {"kernelSize": 2}, {"kernelSize": [3, 2], "stride": [2, 1], "padding": [1, 1]},
        {"kernelSize": 3, "stride": 2, "ceilMode": True}, {"kernelSize": 3, "stride": 2, "padding": 1, "ceilMode": True},
        {"kernelSize": 3, "stride": 3, "dilation": 2, "padding": 1}, {"kernelSize": 2, "dilation": [3, 2], "ceilMode": True},
    ]:
        case("maxPool2d", lambda x: F.max_pool2d(x, **torched(attrs)), {"x": r(2, 3, 10, 9)}, attrs)
    for attrs in [
        {"kernelSize": 2}, {"kernelSize": 3, "stride": 2, "padding": 1, "countIncludePad": False},
        {"kernelSize": 3, "stride": 2, "ceilMode": True}, {"kernelSize": 3, "stride": 2, "padding": 1, "ceilMode": True},
        {"kernelSize": [2, 4], "stride": [3, 2], "padding": [1, 2], "ceilMode": True, "countIncludePad": False},
        {"kernelSize": 3, "divisorOverride": 5},
    ]:
        case("avgPool2d", lambda x: F.avg_pool2d(x, **torched(attrs)), {"x": r(2, 3, 10, 9)}, attrs)
    for size in [1, 3, 7, [4, 5], [12, 2], [None, 3]]:
        case("adaptiveAvgPool2d", lambda x: F.adaptive_avg_pool2d(x, size), {"x": r(2, 3, 10, 9)}, {"outputSize": size})
        case("adaptiveMaxPool2d", lambda x: F.adaptive_max_pool2d(x, size), {"x": r(2, 3, 10, 9)}, {"outputSize": size})


def normalisations():
    for shape in [[7], [5, 7], [4, 5, 7]]:
        attrs = {"normalizedShape": shape, "eps": 1e-5}
        case("layerNorm", lambda x, weight, bias: F.layer_norm(x, shape, weight, bias),
             {"x": r(3, 4, 5, 7), "weight": r(*shape), "bias": r(*shape)}, attrs)
        case("rmsNorm", lambda x, weight: F.rms_norm(x, shape, weight, 1e-6),
             {"x": r(3, 4, 5, 7), "weight": r(*shape)}, {"normalizedShape": shape, "eps": 1e-6})
    case("layerNorm", lambda x: F.layer_norm(x, [65], eps=0.01), {"x": r(9, 65)}, {"normalizedShape": [65], "eps": 0.01})
    for groups in [1, 2, 3, 6]:
        case("groupNorm", lambda x, weight, bias: F.group_norm(x, groups, weight, bias, 1e-4),
             {"x": r(2, 6, 5, 7), "weight": r(6), "bias": r(6)}, {"numGroups": groups, "eps": 1e-4})
    case("groupNorm", lambda x, weight, bias: F.group_norm(x, 2, weight, bias),
         {"x": r(5, 6), "weight": r(6), "bias": r(6)}, {"numGroups": 2})
    case("instanceNorm2d", lambda x: F.instance_norm(x), {"x": r(2, 5, 4, 6)}, {})
    for attrs in [{"size": 5}, {"size": 4, "alpha": 0.3, "beta": 0.75, "k": 2.0}, {"size": 3, "alpha": 1.0, "beta": 0.5},
                  {"size": 9, "alpha": 2.0, "beta": 1.5, "k": 1.0}]:
        case("localResponseNorm", lambda x: F.local_response_norm(x, **attrs), {"x": r(2, 7, 4, 3)}, attrs)


def resampling():
    for attrs in [
        {"scaleFactor": 2}, {"size": [7, 3]}, {"scaleFactor": [1.5, 2.6]}, {"size": [3, 9], "mode": "nearest-exact"},
        {"scaleFactor": 2, "mode": "bilinear"}, {"size": [3, 11], "mode": "bilinear"},
        {"scaleFactor": [1.7, 0.6], "mode": "bilinear"}, {"size": [8, 3], "mode": "bilinear", "alignCorners": True},
        {"size": [1, 9], "mode": "bilinear", "alignCorners": True},
    ]:
        names = {"scaleFactor": "scale_factor", "alignCorners": "align_corners"}
        torched = {names.get(k, k): tuple(v) if isinstance(v, list) else v for k, v in attrs.items()}
        case("interpolate", lambda x: F.interpolate(x, **torched), {"x": r(2, 3, 5, 6)}, attrs)


def write(directory):
    os.makedirs(directory, exist_ok=True)
    header, offset, data = {}, 0, []
    for name, value in tensors.items():
        raw = value.numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + len(raw)]}
        offset += len(raw)
        data.append(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(directory, "tensors.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data))
    manifest = {"generator": f"PyTorch {torch.__version__}", "arithmetic": "float64", "cases": cases}
    with open(os.path.join(directory, "manifest.json"), "w") as file:
        json.dump(manifest, file, indent=1)


for make in (convolutions, pooling, normalisations, resampling):
    make()
write(sys.argv[1])
