"""Find the settings that compute a model fastest on this machine and keep its pictures.

The profile that it keeps is written by `dwlab.models.profiles`.
"""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import RenderError
from ..models import device as devices
from ..models import profiles
from ..models.identity import Identity, complete, identify
from ..models.versions import versions
from ..spec.params import GenerationParams
from . import parity, runner
from .confidence import Speedup, speedup
from .configuration import Configuration
from .spec import PROMPT, BenchSpec, memory_settings
from .tune_stages import stages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ..events import Event
    from .files import Document
    from .tune_stages import TuningStage

# Steps of models whose pictures take minutes.
LARGE_STEPS = 4
STAGE_ROUNDS = 2
QUICK_ROUNDS = 1
CHECK_ROUNDS = 3
NO_GAIN = Speedup(1.0, 1.0, 1.0)
# Of a candidate that failed or whose pictures differ.
NOT_VALID = Speedup(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Tuned:
    """What tuning found: a profile, its file, the gain over stock float32, and a text per stage."""

    profile: profiles.Profile
    path: Path
    gain: Speedup
    stages: tuple[str, ...]

    def text(self) -> str:
        """The outcome for a terminal."""
        settings = {
            "dtype": self.profile.dtype,
            "batch": self.profile.batch,
            **self.profile.settings.changed(),
        }
        fastest = ", ".join(f"{name} {value}" for name, value in settings.items())
        gain = (
            f"{self.gain.median:.2f} times the images per second of stock float32, "
            f"one at a time ({self.gain.interval_text()})"
        )
        usage = 'use it with --profile fast or dwlab.load(profile="fast")'
        lines = [
            *self.stages,
            f"fastest:  {fastest}",
            f"gain:     {gain}",
            f"kept in:  {self.path}; {usage}",
        ]
        return "\n".join(lines)


def tune(
    model: str = "shapes",
    *,
    device: str = "auto",
    steps: int | None = None,
    quick: bool = False,
    memory: Sequence[str] = (),
    only: Sequence[str] = (),
    results: str | Path | None = None,
    on_plan: Callable[[str, int], None] | None = None,
    on_event: Callable[[Event], None] | None = None,
    cancel: threading.Event | None = None,
) -> Tuned | None:
    """Try dtypes, memory layout, attention kernels, threads, batches, torch.compile and OpenVINO in turn.

    Each stage measures its candidates beside the best so far, in two rounds or, if `quick`, in one,
    and keeps one only if the whole 95% interval of its gain is above 1 and its parity holds. Then the
    winner is measured against stock float32 once more, and the profile is kept for
    `load(..., profile="fast")`. Returns None if cancelled. What the same versions measured before an
    interruption is not measured again.

    steps: per picture (None: the model's own, or 4 for pictures above 256x256). quick: without
    torch.compile. memory: measures that save memory, in use from the start. only: names of the
    stages to try, if not all. on_plan: called with each stage's name and the number of its processes
    still to run. Raises
    InvalidInput or ModelError before anything is computed, RenderError if stock settings do not
    work here.
    """
    device = devices.resolve(device)
    chosen = stages(device, quick=quick, only=only)
    identity = identify(model, device, download=False)
    settings = memory_settings(memory)
    start = Configuration(_params(model, identity, steps), device, 1, settings)
    question = {"start": start.id, "weights": identity.weights}
    tuning = _Tuning(
        start=start,
        rounds=QUICK_ROUNDS if quick else STAGE_ROUNDS,
        folder=runner.unfinished_folder(results, "tune", question),
        on_plan=on_plan,
        on_event=on_event,
        cancel=cancel or threading.Event(),
    )
    best = start
    texts = []
    try:
        for stage in chosen:
            outcome = tuning.try_stage(stage, best)
            best = outcome.best
            texts.append(outcome.text)
        gain = tuning.gain_over_start(best)
    except _TuningCancelled:
        return None
    except RenderError:
        # may work the next time
        tuning.forget()
        raise
    if gain.low <= 1:
        # what looked faster was noise
        best = start
        gain = NO_GAIN
    profile = profiles.Profile(
        dtype=best.params.dtype,
        settings=best.settings,
        batch=best.batch,
        gain=gain.median,
        versions=versions(),
    )
    path = profiles.keep(profile, identity.weights, device)
    tuning.forget()
    return Tuned(profile, path, gain, tuple(texts))


def _params(model: str, identity: Identity, steps: int | None) -> GenerationParams:
    params = complete(GenerationParams(PROMPT, model=model, dtype="float32"), identity)
    if steps is None:
        pixels = (params.width or 512) * (params.height or 512)
        steps = min(params.steps, LARGE_STEPS) if pixels > parity.SMALL else params.steps
    return params.replace(steps=steps)


class _TuningCancelled(Exception):
    """The user cancelled."""


@dataclass(frozen=True)
class _StageOutcome:
    """best: the fastest configuration after the stage. text: what the stage measured."""

    best: Configuration
    text: str


@dataclass(frozen=True)
class _Tuning:
    """The measurements of one `tune`.

    start: stock settings. rounds: of a stage. folder: begins the names of the stages' folders, in
    which results are kept until all stages are done.
    """

    start: Configuration
    rounds: int
    folder: Path
    on_plan: Callable[[str, int], None] | None
    on_event: Callable[[Event], None] | None
    cancel: threading.Event

    def try_stage(self, stage: TuningStage, best: Configuration) -> _StageOutcome:
        """Measure the candidates of a stage beside the best configuration so far."""
        candidates = [candidate for candidate in stage.candidates(best) if candidate.id != best.id]
        if not candidates:
            return _StageOutcome(best, _stage_text(stage, [], {}, {}))
        rows = self._measure(stage.name, [best, *candidates], self.rounds)
        if "phases" not in rows[best.id]:
            raise RenderError(
                f"{best.params.model} does not work on {best.device} with stock settings: "
                f"{rows[best.id].get('error')}"
            )
        gains = {candidate.id: gain(rows[best.id], rows[candidate.id]) for candidate in candidates}
        text = _stage_text(stage, candidates, gains, rows)
        fastest = max(candidates, key=lambda candidate: gains[candidate.id].median)
        if gains[fastest.id].low > 1:
            return _StageOutcome(fastest, text)
        return _StageOutcome(best, text)

    def gain_over_start(self, best: Configuration) -> Speedup:
        """The gain of the winner over stock settings, measured once more."""
        if best.id == self.start.id:
            return NO_GAIN
        rows = self._measure("check", [self.start, best], CHECK_ROUNDS)
        return gain(rows[self.start.id], rows[best.id])

    def _measure(
        self, stage: str, configurations: list[Configuration], rounds: int
    ) -> dict[str, Document]:
        """The rows of configurations, by their ids; raises _TuningCancelled."""
        spec = BenchSpec("tune", rounds=rounds, iterations=3, seconds=1.0)
        folder = self.folder.with_name(f"{self.folder.name}-{stage}")
        bench_run = runner.BenchRun(spec, configurations, folder, self.cancel)

        def plan(_total: int, todo: int) -> None:
            if self.on_plan:
                self.on_plan(stage, todo)

        rows = runner.rows(bench_run, plan, self.on_event)
        if rows is None:
            raise _TuningCancelled
        return {row["id"]: row for row in rows}

    def forget(self) -> None:
        """Remove the results of all stages."""
        for folder in self.folder.parent.glob(f"{self.folder.name}-*"):
            shutil.rmtree(folder)


def gain(base: Document, row: Document) -> Speedup:
    """Images per second over those of `base`; zeros for a row that failed or has no parity."""
    if row["status"] != "ok" or row["parity"] is None:
        return NOT_VALID
    pictures = row["workload"]["batch"] / base["workload"]["batch"]
    return speedup(base["phases"]["end_to_end"], row["phases"]["end_to_end"]).times(pictures)


def _stage_text(
    stage: TuningStage,
    candidates: Sequence[Configuration],
    gains: dict[str, Speedup],
    rows: dict[str, Document],
) -> str:
    lines = [f"{stage.name}, over the best so far:"]
    for candidate in candidates:
        outcome = _gain_text(gains[candidate.id]) or rows[candidate.id]["status"]
        lines.append(f"  {_settings_text(candidate)}: {outcome}")
    if not candidates:
        lines.append("  nothing to try")
    return "\n".join(lines)


def _gain_text(candidate_gain: Speedup) -> str:
    if candidate_gain == NOT_VALID:
        return ""
    return f"{candidate_gain.median:.2f} ({candidate_gain.interval_text()})"


def _settings_text(configuration: Configuration) -> str:
    parts = [configuration.params.dtype, f"batch {configuration.batch}"]
    changed = configuration.settings.changed()
    parts += [f"{name} {value}" for name, value in changed.items()]
    return ", ".join(parts)
