"""Exports small PyTorch models to ONNX as their users would, for foreign_models_test.

usage: foreign_models.py FOLDER
Writes FOLDER/NAME.opsetN.VARIANT.onnx for each opset and variant of the exporter, and NAME.input.npy
and NAME.expected.npy, which PyTorch computed, for each model.
"""
import pathlib
import sys
import warnings

import numpy
import torch
from torch import nn
from torch.nn import functional

OPSETS = (9, 11, 13, 17)


class OptionA(nn.Module):
    """Two residual blocks; the shortcut takes every second pixel and pads the channels."""
    oldest_opset = 11  # of a strided slice, in this exporter

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        x = functional.relu(self.bn1(self.conv1(x)))
        shortcut = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 4, 4))
        x = functional.relu(self.bn2(self.conv2(x)) + shortcut)
        x = functional.avg_pool2d(x, int(x.size(3)))
        return self.fc(x.view(x.size(0), -1))


class ZeroShortcut(nn.Module):
    """The shortcut joins zeros made at run time."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, stride=2, padding=1)

    def forward(self, x):
        pooled = functional.avg_pool2d(x, 2)
        zeros = torch.zeros(x.size(0), 3, pooled.size(2), pooled.size(3))
        return self.conv(x) + torch.cat([pooled, zeros], 1)


class InvertedResidual(nn.Sequential):
    def __init__(self, channels, hidden):
        super().__init__(
            nn.Conv2d(channels, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(),
            nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden), nn.ReLU6(),
            nn.Conv2d(hidden, channels, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return x + super().forward(x)


class MobileNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU6())
        self.block = InvertedResidual(8, 24)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(8, 5))

    def forward(self, x):
        return self.classifier(self.block(self.stem(x)).mean([2, 3]))


class SqueezeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(),
                                  nn.MaxPool2d(3, 2, ceil_mode=True))
        self.squeeze = nn.Conv2d(8, 4, 1)
        self.left = nn.Conv2d(4, 6, 1)
        self.right = nn.Conv2d(4, 6, 3, padding=1)
        self.classifier = nn.Sequential(nn.Dropout(0.5), nn.Conv2d(12, 5, 1), nn.ReLU(),
                                        nn.AdaptiveAvgPool2d((1, 1)))

    def forward(self, x):
        x = functional.relu(self.squeeze(self.stem(x)))
        x = torch.cat([functional.relu(self.left(x)), functional.relu(self.right(x))], 1)
        return torch.flatten(self.classifier(x), 1)


class SqueezeExcite(nn.Module):
    """A MobileNetV3 block: depthwise, hard swish, channel gates."""

    def __init__(self):
        super().__init__()
        self.expand = nn.Sequential(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.Hardswish())
        self.depthwise = nn.Sequential(nn.Conv2d(8, 8, 5, stride=2, padding=2, groups=8),
                                       nn.Hardswish())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Conv2d(8, 4, 1), nn.ReLU(), nn.Conv2d(4, 8, 1), nn.Hardsigmoid())

    def forward(self, x):
        x = self.depthwise(self.expand(x))
        return x * self.fc(self.pool(x))


class LinearGates(nn.Module):
    """Channel gates from linear layers, reshaped with view; SiLU."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.fc1 = nn.Linear(6, 3)
        self.fc2 = nn.Linear(3, 6)

    def forward(self, x):
        x = functional.silu(self.conv(x))
        n, c, _, _ = x.size()
        gates = functional.adaptive_avg_pool2d(x, 1).view(n, c)
        gates = torch.sigmoid(self.fc2(functional.leaky_relu(self.fc1(gates), 0.1)))
        return (x * gates.view(n, c, 1, 1)).mean(3).mean(2)


class AlexNet(nn.Module):
    """LRN, pools without their padding, three kinds of F.pad, affine constants, softmax."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, dilation=2)
        self.norm = nn.LocalResponseNorm(3, alpha=0.1)
        self.register_buffer("scale", torch.tensor([0.5, 1.5, -2.0]).view(1, 3, 1, 1))

    def forward(self, x):
        x = x / self.scale - 0.25
        x = functional.pad(x, (1, 2, 3, 0), mode="reflect")
        x = functional.relu(self.conv(functional.pad(x, (0, 1, 2, 1), mode="replicate")))
        x = functional.avg_pool2d(self.norm(x), 3, 2, padding=1, count_include_pad=False)
        x = functional.pad(x, (1, 0), value=0.5)
        x = functional.avg_pool2d(x, 3, 2, padding=1, ceil_mode=True)
        return functional.softmax(torch.flatten(functional.max_pool2d(x, 2), 1), dim=1)


class Shuffle(nn.Module):
    """Grouped convolutions with a channel shuffle between them, as in ShuffleNet."""
    oldest_opset = 11  # of flip, in this exporter

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 12, 1)
        self.grouped = nn.Conv2d(12, 8, 3, stride=2, groups=4, bias=False)

    def forward(self, x):
        x = self.first(x)
        n, c, h, w = x.size()
        x = x.view(n, 4, c // 4, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        x = self.grouped(x).flip(3)
        return 1.0 - functional.hardtanh(x.reshape(n, -1)[:, 1:-1:3], -0.5, 0.75)


MODELS = (OptionA, ZeroShortcut, MobileNet, SqueezeNet, SqueezeExcite, LinearGates, AlexNet,
          Shuffle)


def randomise(model):
    """Statistics that are not those of a fresh batch norm."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.uniform_(-0.5, 0.5)


def export(model, x, stem):
    for opset in OPSETS:
        if opset < getattr(model, "oldest_opset", OPSETS[0]):
            continue
        for batch, variant in (("dynamic", "folded"), ("dynamic", "plain"), ("fixed", "folded"),
                               ("one", "preserved")):
            axes = {"image": {0: "batch"}, "scores": {0: "batch"}} if batch == "dynamic" else {}
            # PRESERVE keeps batch norm and dropout as nodes of their own.
            mode = torch.onnx.TrainingMode
            torch.onnx.export(
                model, x[:1] if batch == "one" else x, f"{stem}.opset{opset}.{batch}.{variant}.onnx",
                opset_version=opset, do_constant_folding=variant == "folded", dynamic_axes=axes,
                input_names=["image"], output_names=["scores"],
                training=mode.PRESERVE if variant == "preserved" else mode.EVAL)


def main(folder):
    warnings.simplefilter("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    for kind in MODELS:
        model = kind().eval()
        randomise(model)
        x = torch.randn(3, 3, 12, 12)
        with torch.no_grad():
            expected = model(x)
        stem = folder / kind.__name__
        numpy.save(f"{stem}.input.npy", x.numpy())
        numpy.save(f"{stem}.expected.npy", expected.numpy())
        export(model, x, stem)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
