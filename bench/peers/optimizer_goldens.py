"""Writes test/goldens/optimizers.json: what PyTorch's optimizers do to a small parameter in five steps.

Run with PyTorch installed: python bench/peers/optimizer_goldens.py > test/goldens/optimizers.json
"""
import json
import sys

import torch

STEPS = 5
SHAPE = [3, 5]
ADAM_VARIANTS = [
    {},
    {"lr": 0.01, "betas": [0.9, 0.98], "eps": 1e-9, "weightDecay": 0.1},
    {"lr": 0.05, "amsgrad": True},
    {"lr": 0.05, "betas": [0.3, 0.6], "weightDecay": 0.01, "amsgrad": True},
]
CASES = {
    "SGD": [
        {"lr": 0.1},
        {"lr": 0.1, "momentum": 0.9, "weightDecay": 0.01},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weightDecay": 0.01},
        {"lr": 0.05, "momentum": 0.9, "nesterov": True},
    ],
    "Adam": ADAM_VARIANTS,
    "AdamW": ADAM_VARIANTS,
    "RMSprop": [
        {},
        {"lr": 0.02, "alpha": 0.9, "momentum": 0.9, "weightDecay": 0.01},
        {"lr": 0.02, "alpha": 0.4, "centered": True, "eps": 1e-3},
        {"lr": 0.02, "alpha": 0.9, "centered": True, "momentum": 0.5, "eps": 1e-3},
    ],
    "Adagrad": [
        {"lr": 0.1},
        {"lr": 0.1, "lrDecay": 0.1, "weightDecay": 0.01, "initialAccumulatorValue": 0.5},
    ],
}
NAMES = {"weightDecay": "weight_decay", "lrDecay": "lr_decay", "initialAccumulatorValue": "initial_accumulator_value"}


def numbers(tensor):
    """The shortest decimals that read back as the same FP32 values."""
    return [float(str(x)) for x in tensor.detach().flatten().numpy()]


def run(optimizer, attrs, seed):
    generator = torch.Generator().manual_seed(seed)
    param = torch.randn(SHAPE, generator=generator)
    grads = [torch.randn(SHAPE, generator=generator) for _ in range(STEPS)]
    weight = torch.nn.Parameter(param.clone())
    settings = {NAMES.get(k, k): tuple(v) if isinstance(v, list) else v for k, v in attrs.items()}
    stepper = getattr(torch.optim, optimizer)([weight], foreach=False, **settings)
    after = []
    for grad in grads:
        weight.grad = grad.clone()
        stepper.step()
        after.append(numbers(weight))
    return {
        "op": f"optim{optimizer}",
        "attrs": attrs,
        "param": numbers(param),
        "grads": [numbers(grad) for grad in grads],
        "after": after,
    }


cases = [run(name, attrs, seed) for name, list_ in CASES.items() for seed, attrs in enumerate(list_)]
json.dump({"generator": f"PyTorch {torch.__version__}", "shape": SHAPE, "cases": cases}, sys.stdout)
