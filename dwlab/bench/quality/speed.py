"""How long each way to draw takes: in one process, in shuffled turns, nothing shared between them."""

from __future__ import annotations

import concurrent.futures
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ...errors import RenderError, first_line
from ...events import Done, Failed
from ...models import loading
from ...models.identity import identify
from ...pictures.picture import Picture
from ...runs.generation import stream
from ...spec.memory import NONE
from .candidates import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PIL import Image

    from ...models.identity import Identity
    from ...models.loading import Model
    from ...spec.params import GenerationParams
    from .candidates import Candidate
    from .study import Study

T = TypeVar("T")
ROUNDS = 3
# of one candidate in a turn, which may share forwards with each other
PICTURES = 8
# that are drawn before the first turn
WARM_UP = 2


@dataclass
class Timed:
    """What a candidate took. Lists have one entry per round, in seconds per picture.

    seconds: wall time. denoiser_seconds: in the denoiser. difference: the largest of any pixel from
    the plain pictures, of 255.
    """

    seconds: list[float] = field(default_factory=list)
    denoiser_seconds: list[float] = field(default_factory=list)
    difference: int = 0


@dataclass(frozen=True)
class _Turn:
    """One turn of a candidate."""

    pictures: list[Image.Image]
    seconds: float
    denoiser_seconds: float


def measure(
    study: Study,
    *,
    rounds: int = ROUNDS,
    pictures: int = PICTURES,
    on_step: Callable[[str], None] | None = None,
    failures: dict[str, str] | None = None,
) -> dict[str, Timed]:
    """Time each candidate of a study, by its name.

    In each of the rounds every candidate draws the same prompts and seeds once, in another order;
    only its own pictures share forwards, as in a sweep of it alone. on_step: called with a line of
    text after each turn. failures: takes the reasons of candidates other than the plain one that do
    not load, or fail as they warm up; these are left out. Raises RenderError if a picture fails.
    """
    cells = {each.name: _cells(study, each, pictures) for each in study.candidates}
    loaded = _warmed_up(study, cells, failures)
    timed = {name: Timed() for name in loaded}
    latest: dict[str, _Turn] = {}
    turns = random.Random(0)  # noqa: S311  # an order, no secret
    for _ in range(rounds):
        for name in turns.sample(list(loaded), len(loaded)):
            turn = _turn(loaded[name], cells[name])
            latest[name] = turn
            timed[name].seconds.append(turn.seconds)
            timed[name].denoiser_seconds.append(turn.denoiser_seconds)
            if on_step:
                on_step(f"{name}: {turn.seconds:.3f} s per picture")
    for name, turn in latest.items():
        timed[name].difference = _largest_difference(turn.pictures, latest[PLAIN].pictures)
    return timed


def _warmed_up(
    study: Study,
    cells: Mapping[str, list[GenerationParams]],
    failures: dict[str, str] | None,
) -> dict[str, Model]:
    """The models of the candidates that drew their first pictures."""
    models = _Models(study)
    loaded: dict[str, Model] = {}
    for candidate in study.candidates:
        name = candidate.name
        try:
            model = models.of(candidate)
            # a compiled model needs to see all its shapes
            has_shapes = model.identity.settings.has_shapes
            _turn(model, cells[name] if has_shapes else cells[name][:WARM_UP])
        # whatever another library raises
        except Exception as error:
            if failures is None or name == PLAIN:
                raise
            failures[name] = first_line(error)
        else:
            loaded[name] = model
    return loaded


class _Models:
    """The models of a study's candidates, each loaded once."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._loaded: dict[Identity, Model] = {}

    def of(self, candidate: Candidate) -> Model:
        """The model that a candidate draws with."""
        study = self._study
        cell = candidate.cell(study.plain, study.prompts[0], 0)
        identity = identify(
            cell.model,
            study.identity.device,
            cell.dtype,
            parts=cell.parts,
            settings=candidate.settings,
            memory=() if cell.quantisation == NONE else (cell.quantisation,),
        )
        if identity not in self._loaded:
            self._loaded[identity] = _apart(loading.load_identified, identity)
        return self._loaded[identity]


def _cells(study: Study, candidate: Candidate, pictures: int) -> list[GenerationParams]:
    """The first cells of a candidate, prompt after prompt and seed after seed."""
    cells = [
        candidate.cell(study.plain, prompt, seed)
        for seed in range(study.seeds)
        for prompt in study.prompts
    ]
    return cells[:pictures]


def _turn(model: Model, cells: Sequence[GenerationParams]) -> _Turn:
    """Draw cells together."""
    made: dict[int, Picture] = {}
    began = time.perf_counter()
    for event in stream(cells, model=model):
        if isinstance(event, Failed):
            raise RenderError(f"a picture of {cells[0].canonical()} failed: {event.error}")
        if isinstance(event, Done) and isinstance(event.result, Picture):
            made[event.index] = event.result
    seconds = time.perf_counter() - began
    in_order = [made[index] for index in range(len(cells))]
    in_denoiser = sum(picture.device_seconds for picture in in_order)
    images = [picture.image for picture in in_order]
    return _Turn(images, seconds / len(cells), in_denoiser / len(cells))


def _apart(function: Callable[..., T], *arguments: object) -> T:
    """Call a function in a thread of its own (see `dwlab.bench.engine.speed`)."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments).result()


def _largest_difference(pictures: Sequence[Image.Image], plain: Sequence[Image.Image]) -> int:
    import numpy as np

    largest = 0
    for picture, reference in zip(pictures, plain, strict=True):
        difference = np.abs(np.asarray(picture, int) - np.asarray(reference, int))
        largest = max(largest, int(difference.max()))
    return largest
