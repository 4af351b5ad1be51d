"""Golden cases of sequences and losses as PyTorch computes them in FP64: recurrent layers, attention, embedding, losses.

Usage: python sequence_goldens.py DIR, then `npx roundoff goldens DIR` and again with `--kernels reference`.
Writes the manifest format of `roundoff goldens`: layouts are PyTorch's.
"""
import json
import os
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.manual_seed(20240611)
tensors, cases = {}, []


def add(name, value):
    kind = torch.float32 if value.is_floating_point() else torch.int32
    tensors[name] = value.detach().contiguous().to(kind).numpy()
    return name


def case(op, attrs, inputs, function, constant=()):
    """`function(**inputs)` → tensor or dict of tensors; gradients of all real inputs but those in `constant`."""
    name = f"{op}_{len(cases)}"
    wanted = [key for key, value in inputs.items() if value.is_floating_point() and key not in constant]
    given = {
        key: value.double().requires_grad_(key in wanted) if value.is_floating_point() else value
        for key, value in inputs.items()
    }
    results = function(**given)
    results = results if isinstance(results, dict) else {"output": results}
    cotangents = {key: torch.randn(value.shape).double() for key, value in results.items()}
    sum((value * cotangents[key]).sum() for key, value in results.items()).backward()
    zero = torch.zeros_like
    cases.append({
        "name": name, "op": op, "attrs": attrs,
        "inputs": {key: add(f"{name}.in.{key}", value) for key, value in inputs.items()},
        "outputs": {key: add(f"{name}.out.{key}", value) for key, value in results.items()},
        "cotangents": {key: add(f"{name}.ct.{key}", value) for key, value in cotangents.items()},
        "grads": {
            key: add(f"{name}.grad.{key}", zero(given[key]) if given[key].grad is None else given[key].grad)
            for key in wanted
        },
        "atol": 1e-4, "rtol": 1e-4,
    })


def parameters(module, spread=0.1):
    """Its parameters with noise, so that no bias is 0 and no scale 1."""
    return {key: (value + spread * torch.randn(value.shape)).detach() for key, value in module.named_parameters()}


def ints(values):
    return torch.as_tensor(values, dtype=torch.int32)


# Recurrent layers ----------------------------------------------------------------------------------------------

RECURRENT = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}


def recurrent(kind, shape, hidden, layers=1, both=False, states=False, lengths=None, **settings):
    """shape: (steps, batch, features)."""
    steps, batch, features = shape
    settings = {"num_layers": layers, "bidirectional": both, **settings}
    first = settings.get("batch_first", False)
    make = lambda: RECURRENT[kind](features, hidden, **settings)
    inputs = {"x": torch.randn((batch, steps, features) if first else shape), **parameters(make())}
    if states:
        size = (layers * (2 if both else 1), batch, hidden)
        inputs.update({key: torch.randn(size) for key in (("h0", "c0") if kind == "lstm" else ("h0",))})
    if lengths is not None:
        inputs["lengths"] = ints(lengths)

    def run(x, h0=None, c0=None, lengths=None, **weights):
        if lengths is not None:
            x = pack_padded_sequence(x, lengths.long(), batch_first=first, enforce_sorted=False)
        output, final = functional_call(make().double(), weights, (x, (h0, c0) if c0 is not None else h0))
        if lengths is not None:
            output, _ = pad_packed_sequence(output, batch_first=first, total_length=steps)
        return {"output": output, **(dict(zip(("hn", "cn"), final)) if kind == "lstm" else {"hn": final})}

    attrs = {"hiddenSize": hidden, "numLayers": layers, "bidirectional": both}
    attrs.update({"batchFirst": True} if first else {})
    attrs.update({"nonlinearity": settings["nonlinearity"]} if "nonlinearity" in settings else {})
    case(kind, attrs, inputs, run)


for cell in RECURRENT:
    recurrent(cell, (7, 3, 5), 9)
    recurrent(cell, (6, 2, 4), 5, layers=3, both=True, states=True)
    recurrent(cell, (5, 4, 3), 6, layers=2, both=True, bias=False, batch_first=True)
    recurrent(cell, (6, 4, 3), 5, layers=2, both=True, states=True, lengths=[6, 2, 4, 1])
    recurrent(cell, (6, 3, 3), 5, lengths=[3, 6, 5])
recurrent("rnn", (5, 3, 4), 6, layers=2, nonlinearity="relu")
recurrent("lstm", (1, 1, 2), 3, both=True)

# Attention -----------------------------------------------------------------------------------------------------


def attention(heads, query, keys, features, values, mask=None, causal=False, scale=None):
    inputs = {
        "q": torch.randn(2, heads, query, features),
        "k": torch.randn(2, heads, keys, features),
        "v": torch.randn(2, heads, keys, values),
        **({} if mask is None else {"mask": mask}),
    }

    def run(q, k, v, mask=None):
        mask = mask if mask is None or mask.is_floating_point() else mask.bool()
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal, scale=scale)

    case("scaledDotProductAttention", {"causal": causal, **({"scale": scale} if scale else {})}, inputs, run)


kept = (torch.rand(2, 2, 4, 6) > 0.4).int()
kept[..., 0] = 1
attention(3, 7, 5, 4, 6)
attention(2, 7, 5, 4, 6, causal=True, scale=0.3)
attention(2, 4, 6, 8, 8, mask=torch.randn(4, 6))
attention(2, 4, 6, 8, 8, mask=torch.randn(2, 1, 1, 6))
attention(2, 4, 6, 8, 8, mask=kept)


def multihead(query, keys, heads, batch_first=False, bias=True, itself=False, **masks):
    make = lambda: torch.nn.MultiheadAttention(8, heads, batch_first=batch_first, bias=bias)
    shape = lambda steps: (3, steps, 8) if batch_first else (steps, 3, 8)
    inputs = {"query": torch.randn(shape(query)), **parameters(make()), **masks}
    if not itself:
        inputs.update(key=torch.randn(shape(keys)), value=torch.randn(shape(keys)))

    def run(query, key=None, value=None, keyPaddingMask=None, attnMask=None, **weights):
        boolean = lambda mask: mask if mask is None or mask.is_floating_point() else mask.bool()
        operands = (query, query if key is None else key, query if value is None else value)
        flags = {"key_padding_mask": boolean(keyPaddingMask), "attn_mask": boolean(attnMask)}
        return dict(zip(("output", "weights"), functional_call(make().double(), weights, operands, flags)))

    attrs = {"numHeads": heads, **({"batchFirst": True} if batch_first else {})}
    case("multiheadAttention", attrs, inputs, run, constant=("attnMask",))


padding = ints([[0] * 7, [0, 0, 0, 0, 1, 1, 1], [1, 0, 0, 0, 0, 0, 0]])
left_out = (torch.rand(5, 7) > 0.7).int() * ints([0, 1, 1, 1, 1, 1, 0])
multihead(5, 5, 2, itself=True)
multihead(5, 7, 4, batch_first=True)
multihead(5, 7, 4, batch_first=True, keyPaddingMask=padding, attnMask=torch.randn(5, 7))
multihead(5, 7, 4, bias=False, keyPaddingMask=padding, attnMask=left_out)


def transformer(op, layer, norm_first, activation, batch_first=False):
    settings = {"dim_feedforward": 16, "dropout": 0.0, "norm_first": norm_first, "activation": activation}
    make = lambda: layer(8, 2, batch_first=batch_first, **settings)
    shape = lambda steps: (3, steps, 8) if batch_first else (steps, 3, 8)
    inputs = {"x": torch.randn(shape(5)), **parameters(make(), 0.05)}
    if layer is torch.nn.TransformerDecoderLayer:
        inputs["memory"] = torch.randn(shape(4))

    def run(x, memory=None, **weights):
        return functional_call(make().double(), weights, (x,) if memory is None else (x, memory))

    attrs = {"numHeads": 2, "dimFeedforward": 16, "normFirst": norm_first, "activation": activation}
    case(op, {**attrs, "batchFirst": batch_first}, inputs, run)


transformer("transformerEncoderLayer", torch.nn.TransformerEncoderLayer, False, "relu")
transformer("transformerEncoderLayer", torch.nn.TransformerEncoderLayer, True, "gelu", batch_first=True)
transformer("transformerDecoderLayer", torch.nn.TransformerDecoderLayer, False, "gelu")
transformer("transformerDecoderLayer", torch.nn.TransformerDecoderLayer, True, "relu", batch_first=True)

# Embedding -----------------------------------------------------------------------------------------------------

words = torch.randint(0, 11, (4, 5)).int()
table = {"indices": words, "weight": torch.randn(11, 7)}
case("embedding", {"paddingIdx": 3}, table,
     lambda indices, weight: F.embedding(indices.long(), weight, padding_idx=3))
for mode in ("sum", "mean"):
    case("embeddingBag", {"mode": mode}, table,
         lambda indices, weight: F.embedding_bag(indices.long(), weight, mode=mode))
    case("embeddingBag", {"mode": mode, "paddingIdx": 2},
         {"indices": words.flatten(), "offsets": ints([0, 3, 3, 9]), "weight": torch.randn(11, 7)},
         lambda indices, weight, offsets: F.embedding_bag(
             indices.long(), weight, offsets.long(), mode=mode, padding_idx=2))

# Losses --------------------------------------------------------------------------------------------------------

POINTWISE = {
    "mseLoss": F.mse_loss, "l1Loss": F.l1_loss, "smoothL1Loss": F.smooth_l1_loss, "huberLoss": F.huber_loss,
}


def cross_entropy(logits, target, weight=None, ignore=-100, smoothing=0.0, reduction="mean"):
    inputs = {"logits": logits, "target": target, **({} if weight is None else {"weight": weight})}

    def run(logits, target, weight=None):
        target = target if target.is_floating_point() else target.long()
        return F.cross_entropy(logits, target, weight=weight, ignore_index=ignore, reduction=reduction,
                               label_smoothing=smoothing)

    attrs = {"reduction": reduction, "labelSmoothing": smoothing, "ignoreIndex": ignore}
    case("crossEntropy", attrs, inputs, run, constant=("target", "weight"))


def ctc(targets, inputs, lengths, steps=10, reduction="mean", zero_infinity=False):
    given = {
        "logProbs": torch.randn(steps, len(inputs), 6).log_softmax(-1),
        "targets": ints(targets), "inputLengths": ints(inputs), "targetLengths": ints(lengths),
    }

    def run(logProbs, targets, inputLengths, targetLengths):
        return F.ctc_loss(logProbs, targets.long(), inputLengths.long(), targetLengths.long(), reduction=reduction,
                          zero_infinity=zero_infinity)

    case("ctcLoss", {"blank": 0, "reduction": reduction, "zeroInfinity": zero_infinity}, given, run)


def losses(reduction):
    attrs = {"reduction": reduction}
    pair = lambda: {"x": 2 * torch.randn(4, 6), "target": torch.randn(4, 6)}
    for op, loss in POINTWISE.items():
        case(op, attrs, pair(), lambda x, target: loss(x, target, reduction=reduction))
    factors = {"weight": torch.rand(6), "posWeight": 3 * torch.rand(6)}
    case("bceWithLogits", attrs, {"logits": 5 * torch.randn(4, 6), "target": torch.rand(4, 6), **factors},
         lambda logits, target, weight, posWeight: F.binary_cross_entropy_with_logits(
             logits, target, weight=weight, pos_weight=posWeight, reduction=reduction),
         constant=tuple(factors))
    spread = torch.rand(4, 6)
    spread[1, 2] = spread[3, 3] = 0
    logs = lambda: torch.randn(4, 6).log_softmax(-1)
    case("klDiv", attrs, {"x": logs(), "target": spread},
         lambda x, target: F.kl_div(x, target, reduction=reduction), constant=("target",))
    case("klDiv", {**attrs, "logTarget": True}, {"x": logs(), "target": logs()},
         lambda x, target: F.kl_div(x, target, reduction=reduction, log_target=True))
    labels, maps = torch.randint(0, 5, (6,)).int(), torch.randint(0, 5, (3, 4, 2)).int()
    labels[2], maps[1, 2, 1] = -100, 2
    for smoothing in (0.0, 0.2):
        options = {"smoothing": smoothing, "reduction": reduction}
        weight = torch.rand(5) + 0.1
        cross_entropy(2 * torch.randn(6, 5), labels, weight, **options)
        cross_entropy(2 * torch.randn(6, 5), labels, **options)
        cross_entropy(2 * torch.randn(3, 5, 4, 2), maps, weight, ignore=2, **options)
        cross_entropy(2 * torch.randn(3, 5, 4), torch.randn(3, 5, 4).softmax(1), weight, **options)
    cross_entropy(2 * torch.randn(5), ints(3), reduction=reduction)
    rows = [[1, 2, 2, 3], [5, 5, 5, 5], [4, 1, 2, 3], [0, 0, 0, 0]]
    ctc(rows, [10, 8, 7, 5], [4, 4, 2, 0], reduction=reduction)
    ctc(rows, [10, 6, 7, 5], [4, 4, 2, 0], reduction=reduction, zero_infinity=True)
    ctc([1, 2, 2, 3, 5, 4, 1], [9, 8, 7], [4, 1, 2], steps=9, reduction=reduction)


for way in ("mean", "sum", "none"):
    losses(way)
case("klDiv", {"reduction": "batchmean"},
     {"x": torch.randn(4, 6).log_softmax(-1), "target": torch.randn(4, 6).softmax(-1)},
     lambda x, target: F.kl_div(x, target, reduction="batchmean"))
case("smoothL1Loss", {"beta": 0.3}, {"x": torch.randn(4, 6), "target": torch.randn(4, 6)},
     lambda x, target: F.smooth_l1_loss(x, target, beta=0.3))
case("huberLoss", {"delta": 0.3}, {"x": torch.randn(4, 6), "target": torch.randn(4, 6)},
     lambda x, target: F.huber_loss(x, target, delta=0.3))


def write(directory):
    header, blobs, offset = {}, [], 0
    for name, value in tensors.items():
        blob = value.tobytes()
        dtype = "F32" if value.dtype == np.float32 else "I32"
        header[name] = {"dtype": dtype, "shape": list(value.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "tensors.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    with open(os.path.join(directory, "manifest.json"), "w") as file:
        generator = f"bench/peers/sequence_goldens.py, torch {torch.__version__}"
        json.dump({"generator": generator, "arithmetic": "float64", "cases": cases}, file, indent=2)
        file.write("\n")


write(sys.argv[1])
print(f"{len(cases)} cases")
