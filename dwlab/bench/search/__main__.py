"""Measure how often searches are right: `python -m dwlab.bench.search --table TABLE.csv`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from .methods import CLAIMING, compared
from .report import Report
from .tables import QUESTIONS, read_table, resampled, world
from .tally import RESAMPLED, THE_TABLE, Choices, Claims

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .methods import Method
    from .replay import Outcome
    from .tables import ScoreTable

    Tally = TypeVar("Tally", Choices, Claims)

# of a claim: seeds to search with, as many as the table has, and those held out
SEARCHED = 4
HELD_OUT = (12, 24)


def main(arguments: Sequence[str] | None = None) -> None:
    """Replay searches in random orders, print how they went, and write it if a file is named."""
    parser = argparse.ArgumentParser(prog="python -m dwlab.bench.search", description=__doc__)
    parser.add_argument("--table", type=Path, required=True, help="a CSV of `dwlab table`")
    parser.add_argument("--orders", type=int, default=400, help="searches of each method")
    parser.add_argument("--first", type=int, default=1000, help="the seed of the first order")
    parser.add_argument("--metric", action="append", help="only this one [may be repeated]")
    parser.add_argument("--write", type=Path, help="the JSON file to write")
    options = parser.parse_args(arguments)
    seeds = range(options.first, options.first + options.orders)
    report = Report(orders=options.orders, first=options.first)
    for question in QUESTIONS:
        if options.metric and question.metric not in options.metric:
            continue
        table = read_table(options.table, question)
        report.choices.extend(_told(_choices(table, seeds)))
        report.claims.extend(_told(_claims(table, seeds)))
        if options.write:
            report.write(options.write)
    print(report.markdown())


def _choices(table: ScoreTable, seeds: range) -> Iterator[Choices]:
    """How often each method chooses right, on the table and on others like it."""
    for method in _able(compared(table.metric), table):
        of_table = [method.search(table, seed) for seed in seeds]
        yield Choices.of(table.metric, THE_TABLE, method.name, of_table)
        of_others = []
        for seed in seeds:
            other = resampled(table, np.random.default_rng(seed))
            of_others.append(method.search(other, seed))
        yield Choices.of(table.metric, RESAMPLED, method.name, of_others)


def _claims(table: ScoreTable, seeds: range) -> Iterator[Claims]:
    """How often the claims of each method are true, on tables whose truth holds for any seeds."""
    prompts = table.values.shape[1]
    for held_out in HELD_OUT:
        for method in _able(CLAIMING, table):
            outcomes: list[Outcome] = []
            for seed in seeds:
                other = world(table, np.random.default_rng(seed), SEARCHED + held_out)
                outcomes.append(method.search(other, seed, held_out=held_out))
            yield Claims.of(table.metric, method.name, prompts * held_out, outcomes)


def _able(methods: Iterable[Method], table: ScoreTable) -> list[Method]:
    """Those that can search for the best of this metric."""
    return [each for each in methods if table.bound is not None or not each.needs_bound]


def _told(tallies: Iterator[Tally]) -> Iterator[Tally]:
    """The same, and each on a line of stderr as soon as it is there."""
    for tally in tallies:
        print(tally, file=sys.stderr, flush=True)
        yield tally


if __name__ == "__main__":
    main()
