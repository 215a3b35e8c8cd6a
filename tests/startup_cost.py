"""Prints what starts of dwlab cost, in wall and processor time. Not a test: clocks are no judges.

--beside FOLDER: a checkout of another version, started in turns with this one, with the same libraries. --rounds N.
--parts: where the time of `dwlab generate` goes, part by part, in one process that does what the command does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parents[1]
CLI = "import sys; from dwlab.cli import main; sys.argv = ['dwlab', *{arguments!r}]; main()"
# name: code, the most that it should cost in starts of a bare interpreter
LIGHT = {
    "python": ("pass", 1),
    "import dwlab": ("import dwlab", 8),
    "dwlab --help": (CLI.format(arguments=["--help"]), 25),
}
LIBRARIES = {
    "import torch": "import torch",
    "torch, pipeline, text encoder": (
        "import torch; from transformers import CLIPTextModel, CLIPTokenizer; "
        "from diffusers import StableDiffusionPipeline"
    ),
}
PARTS = """
import gc, json, sys, time
parts = {}
def part(name):
    now = time.perf_counter(), time.process_time()
    parts[name] = [now[0] - part.last[0], now[1] - part.last[1]]
    part.last = time.perf_counter(), time.process_time()
part.last = time.perf_counter(), time.process_time()
from dwlab.cli import app
part("the command line")
from dwlab._util import late_scipy, package_map
late_scipy.put_off()
package_map.use()
gc.disable()
from dwlab.models.loading import load
from dwlab.runs.generation import generate
from dwlab.models.identity import identify
part("dwlab's own modules")
identity = identify("shapes")
part("files found, checked, hashed")
import torch
part("import torch")
from transformers import CLIPTextModel, CLIPTokenizer
from diffusers import StableDiffusionPipeline
part("the pipeline's classes")
model = load("shapes")
part("weights and tokenizer")
picture = generate("a red circle", model=model, steps=1)
part("first picture, of one step")
picture = generate("a red circle", model=model, steps=20)
part("second picture, of 20 steps")
picture.save(sys.argv[1])
part("writing the PNG")
print(json.dumps(parts))
"""


@dataclass(frozen=True)
class Cost:
    """What a start took, in seconds. processor: of all its threads and child processes."""

    wall: float
    processor: float


def environment(checkout: Path) -> dict[str, str]:
    """The variables of a process that imports dwlab from a checkout."""
    # with this variable, a checkout without compiled files would be compiled at every start
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(checkout)}


def cost(code: str, checkout: Path, *arguments: str) -> Cost:
    """Run code in a fresh interpreter that imports dwlab from a checkout."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        cwd=checkout,
        env=environment(checkout),
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user = after.ru_utime - before.ru_utime
    return Cost(wall, user + after.ru_stime - before.ru_stime)


def sweep_code(results: Path) -> str:
    """A sweep of 72 cells, with its files and its notebook."""
    return CLI.format(arguments=["sweep", "experiments/quickstart.yaml", "--results", str(results)])


def median_text(costs: list[Cost]) -> str:
    """The medians of some starts, in milliseconds."""
    wall = statistics.median(each.wall for each in costs)
    processor = statistics.median(each.processor for each in costs)
    return f"{wall * 1000:8.0f} ms wall {processor * 1000:8.0f} ms processor"


def compare(checkouts: list[Path], rounds: int, folder: Path) -> None:
    """Start all commands of all checkouts in turns, so that a busy spell of the machine hits each."""
    commands: dict[str, dict[Path, str]] = {}
    for name, (code, _) in LIGHT.items():
        commands[name] = dict.fromkeys(checkouts, code)
    for name, code in LIBRARIES.items():
        commands[name] = {HERE: code}
    generate = ["generate", "a red circle", "-o", str(folder / "picture.png")]
    commands["dwlab generate"] = dict.fromkeys(checkouts, CLI.format(arguments=generate))
    one_step = CLI.format(arguments=[*generate, "--steps", "1"])
    commands["dwlab generate, of one step"] = dict.fromkeys(checkouts, one_step)
    finished: dict[Path, str] = {}
    for number, checkout in enumerate(checkouts):
        finished[checkout] = sweep_code(folder / f"results-{number}")
        cost(finished[checkout], checkout)
    commands["dwlab sweep, all 72 cells made"] = finished
    costs: dict[tuple[str, Path], list[Cost]] = {}
    for _ in range(rounds):
        for name, codes in commands.items():
            for checkout, code in codes.items():
                costs.setdefault((name, checkout), []).append(cost(code, checkout))
    bare = statistics.median(each.wall for each in costs["python", HERE])
    for (name, checkout), measured in costs.items():
        where = "" if checkout == HERE else f"  in {checkout}"
        median = statistics.median(each.wall for each in measured)
        most = f"  {median / bare:5.1f}x (at most {LIGHT[name][1]}x)" if name in LIGHT else ""
        print(f"{name:<32}{median_text(measured)}{most}{where}")


def print_parts(rounds: int, folder: Path) -> None:
    """Print the medians of the parts of a picture's making."""
    runs = []
    for _ in range(rounds):
        ended = subprocess.run(
            [sys.executable, "-c", PARTS, str(folder / "picture.png")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
            cwd=HERE,
            env=environment(HERE),
        )
        runs.append(json.loads(ended.stdout.splitlines()[-1]))
    for name in runs[0]:
        costs = [Cost(*run[name]) for run in runs]
        print(f"{name:<32}{median_text(costs)}")


def main() -> None:
    """Read the options, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", action="store_true")
    options = parser.parse_args()
    others = [options.beside.resolve()] if options.beside else []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if options.parts:
            print_parts(options.rounds, folder)
        else:
            compare([HERE, *others], options.rounds, folder)


if __name__ == "__main__":
    main()
