"""What probes of `shapes` cost: `python -m dwlab.bench.probes`.

The same pictures are made without probes, with the two norms (latent_norm, guidance_norm), with a method that records two numbers
per step beside the same method that records none, and with the film of x0: by turns in one run, in
another order each round. The cost is the processor time of all threads, as a share of that without, and
the median over rounds; its quartiles say how far it can be trusted.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from typing import TYPE_CHECKING, Any

from .. import shapes
from .._util.text_table import text_table
from ..models import loading
from ..render.method_cell import MethodCell  # noqa: TC001  # dwlab reads a method's annotations
from ..render.recording import record
from ..shapes.evaluate import draw_scenes
from ..spec.own_code.live import method
from ..spec.params import GenerationParams
from .processor_time import seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STEPS = 20
ROUNDS = 9
COMPANIES = (1, 16)  # pictures under way at a time
COLUMNS = ("pictures together", "what is kept", "ms a step without", "cost", "quartiles")


@method
def unrecorded(pipe: Any, cell: MethodCell) -> Any:
    """The stock call with a callback that looks at two numbers of each step."""

    def at_end(_pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        tensors["latents"].mean()
        tensors["latents"].std()
        return tensors

    return pipe(**cell.stock(), callback_on_step_end=at_end).images[0]


@method
def recorded(pipe: Any, cell: MethodCell) -> Any:
    """The same, and keeps them."""

    def at_end(_pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        record("mean", tensors["latents"].mean())
        record("deviation", tensors["latents"].std())
        return tensors

    return pipe(**cell.stock(), callback_on_step_end=at_end).images[0]


# what is kept -> (method without, method with, probes)
KINDS: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "norms": (None, None, ("latent_norm", "guidance_norm")),
    "records": (unrecorded, recorded, ()),
    "x0": (None, None, ("x0",)),
}


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m dwlab.bench.probes", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="per row of the table")
    parser.add_argument(
        "--kept", choices=KINDS, action="append", help="may be repeated (default: all)"
    )
    arguments = parser.parse_args(argv)
    model = loading.load("shapes", "cpu")
    cases = itertools.product(COMPANIES, arguments.kept or KINDS)
    rows = [_row(model, company, kind, arguments.rounds) for company, kind in cases]
    print(text_table(rows, COLUMNS, numbers=(0, 2, 3, 4)))


def _row(model: loading.Model, company: int, kind: str, rounds: int) -> tuple[str, ...]:
    pairs = list(costs(model, company, kind, rounds))
    shares = [with_it / without - 1 for without, with_it in pairs]
    low, middle, high = statistics.quantiles(shares, n=4)
    without = statistics.median(without for without, _ in pairs) / (company * STEPS)
    return (
        str(company),
        kind,
        f"{1000 * without:.1f}",
        f"{middle:+.1%}",
        f"{low:+.1%} to {high:+.1%}",
    )


def costs(
    model: loading.Model, company: int, kind: str, rounds: int
) -> Iterator[tuple[float, float]]:
    """Processor seconds without and with what is kept, one pair per round."""
    plain, keeping, probes = KINDS[kind]
    cells_without = _recipes(company, plain)
    cells_with = _recipes(company, keeping)
    # loads decoders
    _seconds(model, cells_with, probes)
    for number in range(rounds):
        if number % 2:
            with_it = _seconds(model, cells_with, probes)
            yield _seconds(model, cells_without, ()), with_it
        else:
            without = _seconds(model, cells_without, ())
            yield without, _seconds(model, cells_with, probes)


def _recipes(company: int, own: Any) -> list[GenerationParams]:
    recipes = []
    for seed, scene in enumerate(draw_scenes(company)):
        caption = shapes.full_caption(scene)
        recipes.append(
            GenerationParams(caption, seed=seed, steps=STEPS, width=128, height=128, method=own)
        )
    return recipes


def _seconds(
    model: loading.Model, recipes: Sequence[GenerationParams], probes: Sequence[str]
) -> float:
    return seconds_of(model, recipes, pack=len(recipes), probes=probes)


if __name__ == "__main__":
    main()
