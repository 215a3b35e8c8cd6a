"""`dwlab metrics`: an experiment's pictures measured, after the fact."""

from __future__ import annotations

from typing import Annotated

import typer

from .command import DeviceOption, ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import NameArgument  # noqa: TC001  # typer reads the annotations


def metrics(
    name: NameArgument,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            "--only",
            help="A metric to compute, like clip_score (docs/metrics.md), or your own: FILE.py:NAME.",
            metavar="NAME",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="FOLDER",
            help="The network that metrics look through, like a CLIP (default: that of `shapes`).",
        ),
    ] = "",
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="AXIS=VALUE", help="The picture to compare with, like steps=50."),
    ] = None,
    by: Annotated[
        str, typer.Option(help="The distance that diversity is measured by.", metavar="DISTANCE")
    ] = "",
    tolerance: Annotated[
        float | None, typer.Option(help="How far duplicates may be apart, 0 to 255.")
    ] = None,
    label: Annotated[
        str,
        typer.Option(
            help="To keep a second column of the same metric: METRIC.LABEL.", metavar="LABEL"
        ),
    ] = "",
    trust_code: Annotated[
        bool,
        typer.Option(
            "--trust-code",
            help="Run the code that the experiment's file names, now and later, without asking.",
        ),
    ] = False,
    device: DeviceOption = "auto",
    results: ResultsOption = None,
) -> None:
    """Measure an experiment's pictures: the metrics named, or all that apply.

    Without --metric, those are computed again that every picture has, and those that the
    experiment's file names. What was measured before by the same network is not computed again.

    Examples:
        dwlab metrics quickstart --metric clip_score
        dwlab metrics quickstart --metric ssim --against steps=20
        dwlab metrics quickstart --metric metrics/mine.py:redness
    """
    from tqdm import tqdm

    from ..paths import results_folder
    from ..runs.measuring_later import measure_experiment, requests_of
    from .code_consent import ask

    options = {"model": model, "against": _pairs(against or []), "by": by, "tolerance": tolerance}
    chosen = {option: value for option, value in options.items() if value not in ("", (), None)}
    root = results_folder(results)
    if metric is None:
        ask(requests_of(root, name), trust=trust_code)
    with tqdm(unit=" pictures", disable=None) as bar:

        def show(column: str, done: int, total: int) -> None:
            bar.set_description(column, refresh=False)
            bar.total = total
            bar.update(done - bar.n)

        reports = measure_experiment(
            root,
            name,
            metric,
            options=chosen,
            label=label,
            device=device,
            on_progress=show,
        )
    for report in reports:
        typer.echo(f"{name}: {report}")


def _pairs(texts: list[str]) -> tuple[tuple[str, object], ...]:
    """AXIS=VALUE texts as pairs."""
    from ..errors import InvalidInput

    pairs = []
    for text in texts:
        axis, separator, value = text.partition("=")
        if not separator or not axis:
            raise InvalidInput("--against", text, "AXIS=VALUE, like steps=50")
        pairs.append((axis.strip(), value.strip()))
    return tuple(pairs)
