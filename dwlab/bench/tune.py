"""Find the settings that compute a model fastest on this machine and keep its pictures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import RenderError
from ..models import device as devices
from ..models import profiles
from ..models.identity import Identity, complete, identify
from ..models.settings import STOCK
from ..paths import results_folder
from ..runs.versions import versions
from . import parity, runner
from .compare import ratio
from .spec import PROMPT, BenchSpec, Configuration

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ..events import Event
    from ..spec.params import GenerationParams

    Choose = Callable[[Configuration], list[Configuration]]

BATCHES = (2, 4, 8, 16, 32)
LARGE_STEPS = 4  # of models whose pictures take minutes


@dataclass(frozen=True)
class Tuned:
    """What tuning found: the profile and where it is kept, its gain over stock float32 with a 95% interval, each stage."""

    profile: profiles.Profile
    path: Path
    interval: tuple[float, float]
    stages: tuple[str, ...]

    def text(self) -> str:
        """The outcome for a terminal."""
        low, high = self.interval
        settings = {
            "dtype": self.profile.dtype,
            "batch": self.profile.batch,
            **self.profile.settings.changed(),
        }
        said = ", ".join(f"{name} {value}" for name, value in settings.items())
        return "\n".join([
            *self.stages,
            f"fastest:  {said}",
            f"gain:     {self.profile.gain:.2f} times the images a second of stock float32, one at a time ({low:.2f}-{high:.2f})",
            f"kept in:  {self.path}; use it with --profile fast or dwlab.load(profile=\"fast\")",
        ])  # fmt: skip


def tune(
    model: str = "shapes",
    *,
    device: str = "auto",
    steps: int | None = None,
    quick: bool = False,
    results: str | Path | None = None,
    on_plan: Callable[[str, int], None] | None = None,
    on_event: Callable[[Event], None] | None = None,
    cancel: threading.Event | None = None,
) -> Tuned | None:
    """Try dtypes, memory layout, attention kernels, threads, batches and torch.compile in turn; None if cancelled.

    Each stage measures its candidates beside the best so far, in two rounds, and keeps one only if the whole 95% interval
    of its gain is above 1 and its parity holds. Then the winner is measured against stock float32 once more. steps: of a
    picture (None: the model's own, or 4 for pictures above 256x256). quick: without torch.compile. on_plan: told each
    stage and its number of processes. The profile is kept for `load(..., profile="fast")`. Raises InvalidInput or
    ModelError before anything is computed, RenderError where stock settings do not work here.
    """
    place = devices.resolve(device)
    identity = identify(model, place, download=False)
    start = Configuration(_params(model, identity, steps), place, 1, STOCK)
    said: list[str] = []

    def measured(
        stage: str, found: list[Configuration], rounds: int
    ) -> dict[str, dict[str, Any]] | None:
        spec = BenchSpec("tune", rounds=rounds, iterations=3, seconds=1.0)
        folder = (
            results_folder(results)
            / "benchmarks"
            / "unfinished"
            / f"tune-{stage}-{start.id}-{os.getpid()}"
        )
        under_way = runner.Run(spec, found, folder, *([cancel] if cancel else []))
        if on_plan:
            on_plan(stage, rounds * len(found))
        rows = runner.rows(under_way, on_event)
        return None if rows is None else {row["id"]: row for row in rows}

    best = start
    for stage, choose in _stages(place, quick=quick):
        candidates = [one for one in choose(best) if one.id != best.id]
        rows = measured(stage, [best, *candidates], 2) if candidates else {}
        if rows is None:
            return None
        if candidates and "phases" not in rows[best.id]:
            raise RenderError(
                f"{model} does not work on {place} with stock settings: {rows[best.id].get('error')}"
            )
        better = {one.id: _gain(rows[best.id], rows[one.id]) for one in candidates}
        chosen = max(candidates, key=lambda one: better[one.id][1], default=best)
        said.append(_told(stage, candidates, better, rows))
        if candidates and better[chosen.id][0] > 1:
            best = chosen
    rows = measured("check", [start, best], 3) if best.id != start.id else {}
    if rows is None:
        return None
    low, gain, high = _gain(rows[start.id], rows[best.id]) if rows else (1.0, 1.0, 1.0)
    if low <= 1:  # what looked faster was noise
        best, low, gain, high = start, 1.0, 1.0, 1.0
    profile = profiles.Profile(best.params.dtype, best.settings, best.batch, gain, versions())
    return Tuned(profile, profiles.keep(profile, identity.weights, place), (low, high), tuple(said))


def _params(model: str, identity: Identity, steps: int | None) -> GenerationParams:
    from ..spec.params import GenerationParams

    params = complete(GenerationParams(PROMPT, model=model, dtype="float32"), identity)
    large = (params.width or 512) * (params.height or 512) > parity.SMALL
    return params.replace(
        steps=steps or (min(params.steps, LARGE_STEPS) if large else params.steps)
    )


def _stages(place: str, *, quick: bool) -> Iterator[tuple[str, Choose]]:
    gpu = place.startswith("cuda")
    dtypes = ("float32", "bfloat16", "float16") if place != "cpu" else ("float32", "bfloat16")
    kernels = ("math", "flash", *(("efficient", "cudnn") if gpu else ()))
    cores = os.cpu_count() or 1
    yield (
        "dtype and memory layout",
        lambda one: [
            runner.with_settings(one, dtype=dtype, channels_last=layout)
            for dtype in dtypes
            for layout in (False, True)
        ],
    )
    yield (
        "attention",
        lambda one: [runner.with_settings(one, attention=kernel) for kernel in kernels],
    )
    if place == "cpu":
        yield (
            "threads",
            lambda one: [
                runner.with_settings(one, threads=n) for n in sorted({1, (cores + 1) // 2, cores})
            ],
        )
    yield "batch", lambda one: [runner.with_settings(one, batch=n) for n in BATCHES]
    if not quick:
        modes = ("default", "reduce-overhead") if gpu else ("default",)
        yield "compile", lambda one: [runner.with_settings(one, compile=mode) for mode in modes]


def _gain(base: dict[str, Any], row: dict[str, Any]) -> tuple[float, float, float]:
    """Images a second over those of `base`, with the interval; zeros for a row that does not count or has no parity."""
    if row["status"] != "ok" or row["parity"] is None:
        return 0.0, 0.0, 0.0
    share = row["workload"]["batch"] / base["workload"]["batch"]
    low, middle, high = ratio(base["phases"]["end_to_end"], row["phases"]["end_to_end"])
    return low * share, middle * share, high * share


def _told(
    stage: str,
    candidates: list[Configuration],
    gains: dict[str, tuple[float, float, float]],
    rows: dict[str, Any],
) -> str:
    parts = []
    for one in candidates:
        what = ", ".join(
            [
                one.params.dtype,
                f"batch {one.batch}",
                *(f"{k} {v}" for k, v in one.settings.changed().items()),
            ]
        )
        low, middle, high = gains[one.id]
        parts.append(
            f"  {what}: {f'{middle:.2f} ({low:.2f}-{high:.2f})' if middle else rows[one.id]['status']}"
        )
    return "\n".join([f"{stage}, over the best so far:", *(parts or ["  nothing to try"])])
