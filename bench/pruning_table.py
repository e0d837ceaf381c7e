#!/usr/bin/env python3
"""Every pruning method once on the shipped ResNet-20, as one table.

    bench/pruning_table.py --data FOLDER [--program FILE] [--runs FOLDER] [--train-images N]

Runs `crossloop prune` for each row (rows whose result lies in --runs already are kept, so that an
interrupted table goes on) and writes docs/results/pruning_table.md from the JSON they leave.
"""

import argparse
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODEL = "models/resnet20_cifar10.onnx"
ROWS = [
    ("unstructured", "unstructured", ["sparsity=0.6"]),
    ("column_magnitude", "column_magnitude", ["crossbar_ratio=0.7"]),
    ("column_grain", "column_grain", ["sparsity=0.3"]),
    ("column_grain-iht", "column_grain", ["sparsity=0.3", "solver=iht"]),
    ("crossbar_grain", "crossbar_grain", ["sparsity=0.3"]),
    ("channel_filter", "channel_filter", ["sparsity=0.2"]),
    ("xcs", "xcs", ["ratio=0.3"]),
    ("xrs", "xrs", ["ratio=0.3"]),
    ("group_lasso", "group_lasso", ["ratio=0.3"]),
    ("dub_quantize", "dub_quantize", ["ratio=0.6"]),
    ("adc_budget", "adc_budget", ["saving=1.5"]),
    ("dub_regularize", "dub_regularize", ["ratio=0.6"]),
    ("s_dub", "s_dub", ["ratio=0.6"]),
    ("balanced", "balanced", ["group=16", "pruned=8", "schedule=once"]),
]
COLUMNS = ["method", "options", "weights pruned %", "crossbars", "with partial sums",
           "ADC energy, linear %", "ADC energy saved, paper / physical", "accuracy, float %",
           "integers %"]


def command(row, arguments, folder):
    name, method, settings = row
    line = ["prune", MODEL, "--data", str(arguments.data), "--method", method]
    for setting in settings:
        line += ["--set", setting]
    line += ["--epochs", "3", "--learning-rate", "0.02", "--penalty-epochs", "1",
             "--train-images", str(arguments.train_images), "--images", str(arguments.images),
             "--quantised-images", str(arguments.quantised_images), "--seed", "1",
             "--output", str(folder / f"{name}.onnx"), "--json", str(folder / f"{name}.json")]
    return line


def run(row, arguments, folder):
    result = folder / f"{row[0]}.json"
    if not result.exists():
        print(row[0], flush=True)
        environment = {"OMP_WAIT_POLICY": "passive", **os.environ}
        subprocess.run([arguments.program, *command(row, arguments, folder), "-q"], cwd=ROOT,
                       check=True, stdout=subprocess.DEVNULL, env=environment)
    return json.loads(result.read_text())


def saved(chip):
    improvement = chip["adc"]["accounting"]["improvement"]
    return f"{improvement['paper']:.2f}x / {improvement['physical']:.2f}x"


def cells(row, result):
    before, after = result["chip"]["before"], result["chip"]["after"]
    energy = after["adc"]["energy_nj"]["linear"] / before["adc"]["energy_nj"]["linear"]
    return [row[0], ", ".join(row[2]), f"{100 * result['weights']['share']:.1f}",
            str(after["crossbars"]["compute"]), str(after["crossbars"]["total"]),
            f"{100 * energy:.1f}", saved(after), f"{100 * result['accuracy']['after']:.2f}",
            f"{100 * after['accuracy']:.2f}"]


def dense_cells(result):
    chip = result["chip"]["before"]
    return ["dense", "", "0.0", str(chip["crossbars"]["compute"]), str(chip["crossbars"]["total"]),
            "100.0", saved(chip), f"{100 * result['accuracy']['before']:.2f}",
            f"{100 * chip['accuracy']:.2f}"]


def line(values):
    return "| " + " | ".join(values) + " |\n"


def table(rows, results):
    text = line(COLUMNS) + line(["---"] * len(COLUMNS)) + line(dense_cells(results[0]))
    return text + "".join(line(cells(*pair)) for pair in zip(rows, results))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="CIFAR-10")
    parser.add_argument("--program", default=str(ROOT / "build/release/crossloop"))
    parser.add_argument("--runs", type=pathlib.Path, default=ROOT / "runs/pruning")
    parser.add_argument("--train-images", type=int, default=10000)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--quantised-images", type=int, default=250)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "docs/results/pruning_table.md")
    arguments = parser.parse_args()
    arguments.data = arguments.data.resolve()
    folder = arguments.runs.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    results = [run(row, arguments, folder) for row in ROWS]
    example = " ".join(command(ROWS[0], arguments, pathlib.Path("runs/pruning")))
    example = example.replace(str(arguments.data), "CIFAR10")
    images = {name: getattr(arguments, name) or "all"
              for name in ("train_images", "images", "quantised_images")}
    text = (f"# Every pruning method once: ResNet-20 on CIFAR-10\n\n"
            f"`bench/pruning_table.py --data CIFAR10 --train-images {arguments.train_images} "
            f"--images {arguments.images} --quantised-images {arguments.quantised_images}` "
            f"writes this page.\nOne run per row, e.g.\n\n"
            f"    crossloop {example}\n\n"
            f"Tile 64x64c2, seed 1, 3 epochs of fine-tuning per stage on {images['train_images']} "
            f"training images, 1 epoch under a penalty before it\nwhere the method has one; float "
            f"accuracy on {images['images']} test images, integers (8 bits, ideal tiles, proven "
            f"ADCs) on {images['quantised_images']}.\nSettings are modest and untuned: the rows "
            f"show what a method frees, not what it can reach.\n\n")
    arguments.output.write_text(text + table(ROWS, results))


if __name__ == "__main__":
    main()
