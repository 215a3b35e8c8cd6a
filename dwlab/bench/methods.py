"""What methods cost beside stock cells: `python -m dwlab.bench.methods`.

The same pictures of `shapes` are made by stock cells and by cells of methods, by turns: in every
round each kind is measured once, and every other round goes the other way. The cost is the
processor time of a picture, of all threads; its ratio to that of the stock cells of the same round is
given as the median over rounds, with the smallest and the largest.
"""

from __future__ import annotations

import argparse
import statistics
from typing import TYPE_CHECKING

from .._util.text_table import text_table
from ..models import loading
from ..spec.params import GenerationParams
from . import measured_methods
from .processor_time import seconds_of

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = ("cells", "ms a picture", "times stock", "smallest", "largest")


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    arguments = _parser().parse_args(argv)
    model = loading.load("shapes", "cpu")
    cells = _cells(arguments)
    seconds = costs(model, cells, arguments.rounds)
    rows = [_row(name, seconds) for name in seconds]
    print(text_table(rows, COLUMNS, numbers=range(1, len(COLUMNS))))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dwlab.bench.methods", description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--size", type=int, default=64, help="pixels of a side")
    parser.add_argument("--pictures", type=int, default=8, help="made together")
    parser.add_argument("--rounds", type=int, default=6)
    return parser


def _cells(arguments: argparse.Namespace) -> dict[str, list[GenerationParams]]:
    """Cells of each kind, the stock ones first."""
    base = GenerationParams(
        prompt="a red circle", width=arguments.size, height=arguments.size, steps=arguments.steps
    )
    stock = [base.replace(seed=seed) for seed in range(arguments.pictures)]
    cells = {"stock": stock}
    for method in measured_methods.ALL:
        cells[method.__name__] = [cell.replace(method=method) for cell in stock]
    return cells


def costs(
    model: loading.Model, cells: dict[str, list[GenerationParams]], rounds: int
) -> dict[str, list[float]]:
    """Processor seconds per picture of each kind of cells, a value per round."""
    seconds: dict[str, list[float]] = {kind: [] for kind in cells}
    # the first pictures of a process cost more
    for same_kind in cells.values():
        _seconds(model, same_kind)
    for turn in range(rounds):
        for kind in list(cells)[:: -1 if turn % 2 else 1]:
            seconds[kind].append(_seconds(model, cells[kind]))
    return seconds


def _seconds(model: loading.Model, cells: Sequence[GenerationParams]) -> float:
    return seconds_of(model, cells, pack=2 * len(cells)) / len(cells)


def _row(kind: str, seconds: dict[str, list[float]]) -> tuple[str, ...]:
    ratios = [own / stock for own, stock in zip(seconds[kind], seconds["stock"], strict=True)]
    milliseconds = f"{1000 * statistics.median(seconds[kind]):.1f}"
    ends = [f"{ratio:.2f}" for ratio in (statistics.median(ratios), min(ratios), max(ratios))]
    return (kind.replace("_", " "), milliseconds, *ends)


if __name__ == "__main__":
    main()
