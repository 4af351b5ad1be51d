"""The networks of the step comparison in PyTorch, each as its own documentation would write it: a module, a batch, a
loss. Shapes and names agree with bench/peers/roundoff-nets.mjs."""
import json
from collections import OrderedDict

import torch
from torch import nn
import torch.nn.functional as F


class Basic(nn.Module):
    expansion = 1

    def __init__(self, cin, c, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(cin, c, 3, stride, 1, bias=False), nn.BatchNorm2d(c)
        self.conv2, self.bn2 = nn.Conv2d(c, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c)
        self.downsample = None if stride == 1 and cin == c else nn.Sequential(
            nn.Conv2d(cin, c, 1, stride, bias=False), nn.BatchNorm2d(c))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(y)) + (x if self.downsample is None else self.downsample(x)), inplace=True)


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, cin, c, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(cin, c, 1, bias=False), nn.BatchNorm2d(c)
        self.conv2, self.bn2 = nn.Conv2d(c, c, 3, stride, 1, bias=False), nn.BatchNorm2d(c)
        self.conv3, self.bn3 = nn.Conv2d(c, 4 * c, 1, bias=False), nn.BatchNorm2d(4 * c)
        self.downsample = None if stride == 1 and cin == 4 * c else nn.Sequential(
            nn.Conv2d(cin, 4 * c, 1, stride, bias=False), nn.BatchNorm2d(4 * c))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        return F.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)), inplace=True)


def stages(block, width, depths, cin):
    for i, depth in enumerate(depths):
        layers = []
        for j in range(depth):
            layers.append(block(cin, width * 2**i, 2 if i > 0 and j == 0 else 1))
            cin = width * 2**i * block.expansion
        yield f"layer{i + 1}", nn.Sequential(*layers)


def resnet(block, width, depths, stem, classes=10):
    """With torchvision's names, which are Roundoff's."""
    cout = width * 2**(len(depths) - 1) * block.expansion
    return nn.Sequential(OrderedDict([*stem, *stages(block, width, depths, width),
                                      ("pool", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()), ("fc", nn.Linear(cout, classes))]))


def read_start(path):
    """Tensors of the file that image-start.mjs wrote, four-dimensional ones as PyTorch's, channels second."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = bytearray(file.read())
    dtypes = {"F32": torch.float32, "I32": torch.int32}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(data, dtype=dtypes[entry["dtype"]], count=(end - begin) // 4, offset=begin)
        tensor = flat.reshape(entry["shape"])
        tensors[name] = tensor.permute(0, 3, 1, 2) if tensor.dim() == 4 else tensor
    return tensors


def image_step(model, start_file):
    """Convolutions in channels_last, PyTorch's fastest layout on CPUs."""
    start = read_start(start_file)
    x = start.pop("images").contiguous(memory_format=torch.channels_last)
    y = start.pop("labels").long()
    counters = {name: value for name, value in model.state_dict().items() if name.endswith("num_batches_tracked")}
    model.load_state_dict(start | counters)
    model = model.to(memory_format=torch.channels_last)
    return model, lambda: F.cross_entropy(model(x).float(), y)


def resnet20(start_file):
    stem = [("conv1", nn.Conv2d(3, 16, 3, 1, 1, bias=False)), ("bn1", nn.BatchNorm2d(16)), ("relu", nn.ReLU(inplace=True))]
    return image_step(resnet(Basic, 16, [3, 3, 3], stem), start_file)


def imagenet(block, depths):
    def make(start_file):
        stem = [("conv1", nn.Conv2d(3, 64, 7, 2, 3, bias=False)), ("bn1", nn.BatchNorm2d(64)), ("relu", nn.ReLU(inplace=True)),
                ("maxpool", nn.MaxPool2d(3, 2, 1))]
        return image_step(resnet(block, 64, depths, stem), start_file)
    return make


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(512, 512, 2), nn.Linear(512, 512)

    def forward(self, x):
        return self.fc(self.lstm(x)[0])


def lstm(batch, size=32):
    """2×512, `size` time steps: x[T, N, 512] → next-symbol logits of 512 classes at every step."""
    model, x, y = Lstm(), torch.randn(size, batch, 512), torch.randint(512, (size * batch,))
    return model, lambda: F.cross_entropy(model(x).float().flatten(0, 1), y)


def transformer(batch, size=32):
    """One post-norm encoder layer, d 512, 8 heads, feed-forward 2048, no dropout: `batch` sequences of `size` tokens."""
    model = nn.TransformerEncoderLayer(512, 8, 2048, dropout=0.0, batch_first=True)
    x, y = torch.randn(batch, size, 512), torch.randn(batch, size, 512)
    return model, lambda: F.mse_loss(model(x).float(), y)


class Recommender(nn.Module):
    """26 categorical features (tables of 1,000 rows of 64), 13 dense ones, an MLP 512-256-1 over all of them."""

    def __init__(self, sparse):
        super().__init__()
        self.tables = nn.ModuleList(nn.EmbeddingBag(1000, 64, mode="sum", sparse=sparse) for _ in range(26))
        self.mlp = nn.Sequential(nn.Linear(26 * 64 + 13, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 1))

    def forward(self, dense, bags):
        return self.mlp(torch.cat([dense, *(table(bag) for table, bag in zip(self.tables, bags))], 1))


def recommender(batch, size=1, sparse=False):
    model = Recommender(sparse)
    dense, y = torch.randn(batch, 13), torch.randint(2, (batch, 1)).float()
    bags = [torch.randint(1000, (batch, size)) for _ in range(26)]
    return model, lambda: F.binary_cross_entropy_with_logits(model(dense, bags).float(), y)


IMAGE_NETS = {
    "resnet20": resnet20,
    "resnet18": imagenet(Basic, [2, 2, 2, 2]),
    "resnet50": imagenet(Bottleneck, [3, 4, 6, 3]),
}

NETS = {
    "lstm": lstm,
    "transformer": transformer,
    "recommender": recommender,
    "recommender-sparse": lambda batch, size=1: recommender(batch, size, sparse=True),
}
