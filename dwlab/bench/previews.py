"""What previews of `shapes` show, and what they cost: `python -m dwlab.bench.previews`.

With each scheduler, the judge looks at the preview after a share of the steps. It must name the
colour of the figure and the background that the caption asked for. With --finished, the pictures
are drawn to their end and judged too: a preview can hardly be right more often than they are. The
cost is the processor time of a step with and without previews, for pictures made one at a time and
sixteen together. The decoder of previews was fitted to none of the captions of the default seed.
"""

from __future__ import annotations

import argparse
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import shapes
from .._util.text_table import text_table
from ..events import Done, Step
from ..models import loading
from ..pictures.picture import Picture
from ..runs.generation import stream
from ..shapes.evaluate import draw_scenes
from ..shapes.preview_decoder import TEST_SCENES, TEST_SEED
from ..spec.params import GenerationParams
from ..spec.schedulers import ALIASES, resolve
from .preview_cost import COLUMNS, cost_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from ..shapes.world import Scene

STEPS = 20
ROUNDS = 5
COMPANIES = (1, 16)  # pictures under way at a time
# for models of flow matching, which `shapes` is not
_OF_FLOWS = "FlowMatch"


def main(argv: list[str] | None = None) -> None:
    """Print both tables."""
    arguments = _parser().parse_args(argv)
    model = loading.load("shapes", "cpu")
    scenes = draw_scenes(TEST_SCENES, arguments.seed)[: arguments.captions]
    if scenes:
        _print_shares(model, scenes, arguments)
    if arguments.rounds:
        recipes = recipes_of(draw_scenes(max(COMPANIES)))
        rows = [cost_row(model, recipes[:company], arguments.rounds) for company in COMPANIES]
        print(text_table(rows, COLUMNS, numbers=range(len(COLUMNS))))


def _print_shares(
    model: loading.Model, scenes: Sequence[Scene], arguments: argparse.Namespace
) -> None:
    """One line per scheduler, as soon as it is known."""
    ends = "; and of the finished pictures" if arguments.finished else ""
    print(f"both colours named after {arguments.share:.0%} of the steps{ends}:", flush=True)
    measured = []
    for name in arguments.scheduler or schedulers():
        shares = named(model, name, scenes, arguments.share, to_the_end=arguments.finished)
        measured.append(shares)
        print(f"{name:<22} {shares}", flush=True)
    of_previews = statistics.mean(shares.previews for shares in measured)
    of_finished = statistics.mean(shares.finished for shares in measured)
    print(f"{'all':<22} {Named(of_previews, of_finished)}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dwlab.bench.previews", description=__doc__)
    parser.add_argument(
        "--captions", type=int, default=64, help=f"pictures per scheduler, 0 to {TEST_SCENES}"
    )
    parser.add_argument("--seed", type=int, default=TEST_SEED, help="of the captions")
    parser.add_argument("--scheduler", action="append", help="may be repeated (default: all)")
    parser.add_argument("--share", type=float, default=0.3, help="of the steps, 0 to 1")
    parser.add_argument("--finished", action="store_true", help="judge finished pictures too")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="measurements of the cost")
    return parser


def schedulers() -> list[str]:
    """The names of all schedulers that draw with `shapes`, one name per scheduler."""
    by_meaning = {str(resolve(name)): name for name in reversed(ALIASES)}
    names = reversed(list(by_meaning.values()))
    return [name for name in names if _OF_FLOWS not in resolve(name)[0]]


@dataclass(frozen=True)
class Named:
    """The shares, 0 to 1, in which the judge names both colours; nan for what was not drawn."""

    previews: float
    finished: float = math.nan

    def __str__(self) -> str:
        shares = (self.previews, self.finished)
        return " ".join(f"{share:6.1%}" for share in shares if not math.isnan(share))


def named(
    model: loading.Model,
    scheduler: str,
    scenes: Sequence[Scene],
    share: float,
    *,
    to_the_end: bool = False,
) -> Named:
    """Judge the previews after a share of the steps, and the finished pictures if drawn to the end."""
    previews: dict[int, bool] = {}
    finished: dict[int, bool] = {}
    events = stream(
        recipes_of(scenes, scheduler),
        model=model,
        dropped=lambda index: index in previews and not to_the_end,
    )
    for event in events:
        if isinstance(event, Step) and event.index not in previews:
            if event.step >= math.ceil(share * event.steps):
                preview = event.preview() if event.preview else None
                previews[event.index] = _is_named(preview, scenes[event.index])
        elif isinstance(event, Done) and isinstance(event.result, Picture):
            finished[event.index] = _is_named(event.result.image, scenes[event.index])
    of_previews = sum(previews.values()) / len(scenes)
    return Named(of_previews, sum(finished.values()) / len(scenes) if to_the_end else math.nan)


def _is_named(picture: Image.Image | None, scene: Scene) -> bool:
    if picture is None:
        return False
    verdict = shapes.judge(picture)
    return (verdict.colour, verdict.background) == (scene.colour, scene.background)


def recipes_of(scenes: Sequence[Scene], scheduler: str | None = None) -> list[GenerationParams]:
    """A recipe per scene, with its caption and a seed of its own; 20 steps."""
    recipes = []
    for seed, scene in enumerate(scenes):
        caption = shapes.full_caption(scene)
        recipe = GenerationParams(caption, seed=seed, steps=STEPS, width=128, height=128)
        recipes.append(recipe if scheduler is None else recipe.replace(scheduler=scheduler))
    return recipes


if __name__ == "__main__":
    main()
