#!/usr/bin/python3
"""Trains a small network in PyTorch, exports it, and compares the accuracy PyTorch measures with that of crossloop.

usage: bench/foreign_accuracy.py CROSSLOOP CIFAR10_ARCHIVE FOLDER
CROSSLOOP is the program, CIFAR10_ARCHIVE the binary version as .tar.xz or .tar.gz; the model stays in FOLDER.
"""
import json
import subprocess
import sys
import tarfile

import numpy as np
import torch
from torch import nn

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def batches(archive, names):
    """Pixels in 0..1 as [N, 3, 32, 32], normalised, and labels."""
    with tarfile.open(archive) as tar:
        records = [
            np.frombuffer(tar.extractfile(member).read(), np.uint8).reshape(-1, 3073)
            for member in tar
            if member.name.split("/")[-1] in names
        ]
    records = np.concatenate(records)
    pixels = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
    mean, std = (torch.tensor(each).view(1, 3, 1, 1) for each in (MEAN, STD))
    return (pixels - mean) / std, torch.from_numpy(records[:, 0].astype(np.int64))


def stage(inputs, outputs, groups):
    return [
        nn.Conv2d(inputs, outputs, 3, 2, 1, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(),
        nn.Conv2d(outputs, outputs, 1),
        nn.Hardswish(),
    ]


def main():
    program, archive, folder = sys.argv[1:]
    torch.manual_seed(1)
    net = nn.Sequential(
        *stage(3, 24, 1), *stage(24, 48, 24), *stage(48, 96, 48),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(96, 10))
    images, labels = batches(archive, {"data_batch_1.bin"})
    sgd = torch.optim.SGD(net.parameters(), 0.05, 0.9)
    for order in (torch.randperm(len(images)) for _ in range(3)):
        for chosen in order.split(100):
            sgd.zero_grad()
            nn.functional.cross_entropy(net(images[chosen]), labels[chosen]).backward()
            sgd.step()
    net.eval()
    images, labels = batches(archive, {"test_batch.bin"})
    with torch.no_grad():
        right = sum((net(x).argmax(1) == y).sum().item()
                    for x, y in zip(images.split(500), labels.split(500)))
    model, result = f"{folder}/foreign.onnx", f"{folder}/foreign.json"
    torch.onnx.export(net, images[:1], model, opset_version=14, input_names=["image"],
                      dynamic_axes={"image": {0: "batch"}})
    subprocess.run(
        [program, "evaluate", model, "--data", archive, "--mean", ",".join(map(str, MEAN)), "--std",
         ",".join(map(str, STD)), "--json", result], check=True)
    ours = round(json.load(open(result))["accuracy"] * len(labels))
    print(f"PyTorch {right}, crossloop {ours} of {len(labels)} right")
    sys.exit(right != ours)


if __name__ == "__main__":
    main()
