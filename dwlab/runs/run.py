"""Run a sweep: resolve, key, compute what the store lacks, save each cell as it finishes."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib.metadata
import json
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import __version__
from .._util.gc_paused import uncollected
from ..events import Cancelled, Event
from ..metrics import measures
from ..models import loading
from ..paths import results_folder
from ..pictures.picture import Picture, nan_warning
from ..render.stream import stream
from ..spec.params import mode
from ..spec.sweep import LIMIT, Cell, SweepSpec
from ..store import images
from ..store.store import CellRow, Store, now
from .plan import Identities, Plan, Work, cell_key, identify_all, make_plan, work_of
from .results import Results, Table

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from PIL import Image

    from ..spec.params import GenerationParams

_AXES = json.JSONEncoder(default=str)
Renderer = Callable[..., Iterator["Event"]]
Listener = Callable[["Event"], None]


@dataclass
class Outcome:
    """How a run ended. total: cells of the sweep; reused: finished before; made, failed: in this run.

    begun: False if it was cancelled while a model was downloaded, before anything was entered in the store.
    nan: finished pictures, also of earlier runs, with values that were not finite; warning: a line about them, if there are.
    """

    name: str
    root: Path
    total: int = 0
    reused: int = 0
    made: int = 0
    failed: int = 0
    notes: tuple[str, ...] = ()
    begun: bool = True
    nan: int = 0
    warning: str | None = None

    @property
    def left(self) -> int:
        """Cells that were not reached, because the run was stopped."""
        return self.total - self.reused - self.made - self.failed


class Sweep(SweepSpec):
    """A sweep that can be planned and run; see SweepSpec for its fields."""

    def plan(
        self,
        results: str | Path | None = None,
        *,
        device: str = "auto",
        profile: str | None = None,
        exact: int | None = None,
        limit: int = LIMIT,
    ) -> Plan:
        """Counts and estimates; loads no model and writes nothing."""
        root = results_folder(results)
        return make_plan(self, root, device_name=device, profile=profile, exact=exact, limit=limit)

    def run(self, results: str | Path | None = None, **options: Any) -> Table:
        """Compute what is missing and return the table; options as of `dwlab.runs.run.run`."""
        outcome = run(self, results=results, **options)
        return Results(outcome.root).table(self.name)


def run(
    spec: SweepSpec,
    *,
    results: str | Path | None = None,
    device: str = "auto",
    pack: int | None = None,
    profile: str | None = None,
    exact: int | None = None,
    limit: int = LIMIT,
    render: Renderer = stream,
    on_plan: Callable[[int, Work], None] | None = None,
    on_event: Listener | None = None,
    cancel: threading.Event | None = None,
    download: bool = True,
) -> Outcome:
    """Compute the cells of a sweep that the results folder lacks.

    pack, profile, exact: as of `dwlab.stream`; a picture made in exact mode has a key of its own. on_plan: told, before the
    first picture, how many cells there are and the Work that is left. on_event: told each event; `done` and `failed` only
    after their row is committed. download: as for `dwlab.stream`. `cancel` and Ctrl-C stop within a step, with everything
    finished so far committed. Failed cells
    of an earlier run are tried again, and finished ones whose picture is gone are made again. Raises
    InvalidInput or ModelError before any weights load, StoreError when the folder cannot be used or
    another process runs this experiment there.
    """
    measures.check_names(spec.metrics)
    measures.check_ranking(spec.metric, spec.metrics)
    mode(exact)
    with uncollected():
        drafts = spec.cells(limit=limit)
    try:
        asked = [cell.params for cell in drafts]
        tell = _unless(cancel, on_event)
        identities = identify_all(asked, device, download=download, profile=profile, on_event=tell)
    except Cancelled:  # while a model was downloaded
        return Outcome(spec.name, results_folder(results), len(drafts), begun=False)
    with Store(results_folder(results)) as store, store.alone(spec.name):
        cells, todo = _look_up(spec, drafts, identities, store, exact, limit)
        outcome = Outcome(spec.name, store.root, len(cells), len(cells) - len(todo), notes=tuple(store.notes))
        asked = [cell.params for cell in todo]
        if on_plan:
            on_plan(len(cells), work_of(asked, identities, store))
        if todo:
            saver = _Saver(spec.name, spec.metrics, store, identities, outcome, on_event, exact)
            saver.take_all(
                render(asked, device=device, pack=pack, profile=profile, exact=exact, cancel=cancel, download=download)
            )
        _measure_again(store, spec.name, spec.metrics, all_of_them=False)
        shares = store.nan_shares(experiment=spec.name)
        outcome.nan, outcome.warning = len(shares), nan_warning(shares, outcome.total)
    return outcome


def _unless(cancel: threading.Event | None, listener: Listener | None) -> Listener | None:
    """A listener that ends the download which it hears of once `cancel` is set."""
    if listener is None:
        return None

    def tell(event: Event) -> None:
        if cancel and cancel.is_set():
            raise Cancelled
        listener(event)

    return tell


@uncollected()
def _look_up(
    spec: SweepSpec, drafts: list[Cell], identities: Identities, store: Store, exact: int | None, limit: int
) -> tuple[dict[str, Cell], list[Cell]]:
    """Enter a sweep with its cells in the store; returns the cells by key, and those that are to be computed."""
    known, asked = store.experiments().get(spec.name), spec.as_dict()
    seeds = store.enter(spec.name, asked, spec.random_seeds)
    drawn = spec.cells(seeds, limit=limit) if seeds else drafts
    cells = {cell_key(cell.params, identities, exact): cell for cell in drawn}
    members = store.members(spec.name)
    if known != asked or [row[:2] for row in members] != [(cell.position, key) for key, cell in cells.items()]:
        entered = [(cell.position, key, _AXES.encode(cell.axes)) for key, cell in cells.items()]
        store.set_membership(spec.name, asked, entered)
        members = store.members(spec.name)
    lost = sum(status == "gone" for *_, status in members)
    if lost:
        pictures = "1 picture was" if lost == 1 else f"{lost:,} pictures were"
        store.notes.append(f"{pictures} missing or cut short: to be made again")
    return cells, [cells[key] for _, key, status in members if status != "ok"]


@dataclass(frozen=True)
class Reused:
    """A picture that the store had already. warning: see Picture."""

    key: str
    image: Image.Image
    warning: str | None = None


def keep(
    params: Sequence[GenerationParams],
    *,
    experiment: str,
    results: str | Path | None = None,
    store: Store | None = None,
    device: str = "auto",
    render: Renderer = stream,
    on_event: Listener | None = None,
    cancel: threading.Event | None = None,
    dropped: Callable[[int], bool] = lambda _: False,
    download: bool = True,
) -> None:
    """Make the pictures of some recipes that the store lacks, and enter all of them as an experiment's latest.

    store: an open one, in place of that of `results`. on_event: told each event once its row is committed, numbered
    as in `params`; what is there already is `done` at once, with a Reused. Recipes that are equal are made once, and
    each is told of it. dropped, download: as for `dwlab.stream`. Errors and `cancel` as of `run`.
    """
    try:
        identities = identify_all(params, device, download=download, on_event=_unless(cancel, on_event))
    except Cancelled:  # while a model was downloaded
        return
    wanted = _by_key(params, identities)

    def tell(key: str, event: Event) -> None:
        for index in wanted[key]:
            if on_event and not dropped(index):
                on_event(dataclasses.replace(event, index=index))
            if isinstance(event.result, Picture):  # made for the first, for the others it was there
                event = dataclasses.replace(event, result=Reused(key, event.result.image, event.result.warning))

    with contextlib.ExitStack() as opened:
        if store is None:
            store = opened.enter_context(Store(results_folder(results)))
        else:
            opened.callback(store.flush)
        store.enter(experiment, {"name": experiment}, 0)
        store.append(experiment, list(wanted))
        found = {row["key"]: images.read_picture(store.root / row["image"]) for row in store.finished(list(wanted))}
        todo = []
        for key, (first, *_) in wanted.items():
            if (picture := found.get(key)) is None:
                todo.append(key)
            else:
                reused = Reused(key, picture, nan_warning(store.nan_shares([key]), 1))
                tell(key, Event("done", first, params[first], result=reused))
        outcome = Outcome(experiment, store.root, len(wanted))
        saver = _Saver(experiment, None, store, identities, outcome, lambda event: tell(todo[event.index], event))
        if todo:
            asked = [params[wanted[key][0]] for key in todo]
            events = render(
                asked,
                device=device,
                cancel=cancel,
                download=download,
                dropped=lambda place: all(map(dropped, wanted[todo[place]])),
            )
            saver.take_all(events)


def _by_key(params: Sequence[GenerationParams], identities: Identities) -> dict[str, list[int]]:
    """The indices of recipes by their key."""
    indices: dict[str, list[int]] = {}
    for index, one in enumerate(params):
        indices.setdefault(cell_key(one, identities), []).append(index)
    return indices


@dataclass
class _Saver:
    """Turns finished cells into pictures and rows, and tells the listener once they are committed."""

    experiment: str
    metrics: Sequence[str] | None
    store: Store
    identities: Identities
    outcome: Outcome
    listener: Listener | None
    exact: int | None = None

    def __post_init__(self) -> None:
        self._unsaid: list[Event] = []
        self._under_way: set[int] = set()

    def take_all(self, events: Iterator[Event]) -> None:
        with contextlib.closing(events):  # type: ignore[type-var]  # a generator, which `render` need not give
            for event in events:
                self.take(event)
        self.commit()

    def take(self, event: Event) -> None:
        if event.kind == "done":
            self._done(event, event.result)  # type: ignore[arg-type]  # what is done has one
        elif event.kind == "failed":
            self._failed(event)
        elif self.listener:
            self.listener(event)
        if self._ends_group(event) or self.store.due():
            self.commit()

    def _ends_group(self, event: Event) -> bool:
        """Whether this was the last picture under way: what comes next may take long, a model's loading even longer."""
        if event.kind == "started":
            self._under_way.add(event.index)
        elif event.kind in ("done", "failed") and event.index in self._under_way:
            self._under_way.remove(event.index)
            return not self._under_way
        return False

    def commit(self) -> None:
        self.store.flush()
        said, self._unsaid = self._unsaid, []
        self.outcome.made += sum(event.kind == "done" for event in said)
        self.outcome.failed += sum(event.kind == "failed" for event in said)
        for event in said:
            if self.listener:
                self.listener(event)

    def _done(self, event: Event, picture: Picture) -> None:
        data = picture.png()
        row = CellRow(
            picture.key, picture.params.canonical(), picture.weights, picture.dtype, picture.device, "ok",
            image=self.store.save_picture(data), pixels=images.pixel_hash(picture.image), bytes=len(data),
            seconds=picture.seconds, device_seconds=picture.device_seconds, created=now(), versions=_made_with(picture),
            mode=mode(picture.exact),
        )  # fmt: skip
        values = measures.measure(
            picture.image, prompt=picture.params.prompt, model=picture.params.model, names=self.metrics
        )
        values["nan"] = (measures.NAN_VERSION, picture.nan)
        self._keep(row, event, values)

    def _failed(self, event: Event) -> None:
        identity = self.identities[event.params.model, event.params.dtype]
        params = loading.complete(event.params, identity)
        row = CellRow(
            loading.key_of(params, identity, self.exact), params.canonical(), identity.weights, identity.dtype,
            identity.device, event.status, event.error, created=now(), versions=json.dumps(versions()),
            mode=mode(self.exact),
        )  # fmt: skip
        self._keep(row, event, {})

    def _keep(self, row: CellRow, event: Event, values: dict[str, tuple[int, Any]]) -> None:
        self.store.add(row, experiment=self.experiment, metrics=values)
        self._unsaid.append(event)


def _made_with(picture: Picture) -> str:
    """Versions, and settings that were not stock, as JSON."""
    return json.dumps({**versions(), **({"settings": picture.settings} if picture.settings else {})})


@functools.cache
def versions() -> dict[str, str]:
    """The versions that pictures are made with here."""
    found = {"python": platform.python_version(), "dwlab": __version__}
    for package in ("torch", "diffusers", "transformers", "accelerate", "safetensors", "pillow"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


@dataclass(frozen=True)
class Measured:
    """How many pictures were measured, and how many could not be, because their file is missing or damaged."""

    pictures: int
    missing: int

    def __str__(self) -> str:
        gone = f", {self.missing} missing or damaged (`dwlab verify` finds them; the sweep then makes them again)"
        return f"{self.pictures} pictures measured{gone if self.missing else ''}"


def remeasure(root: Path, name: str, names: Sequence[str] | None = None) -> Measured:
    """Compute metrics again over an experiment's pictures; those that are gone are passed over and counted."""
    measures.check_names(names)
    with Store(root) as store:
        return _measure_again(store, name, names, all_of_them=True)


def _measure_again(store: Store, experiment: str, names: Sequence[str] | None, *, all_of_them: bool) -> Measured:
    """Measure an experiment's finished pictures, or those that lack a metric: they were made for another one perhaps."""
    asked = functools.cache(lambda model: measures.applying(model, names))
    lacking = None if all_of_them else set(measures.NAMES if names is None else names)
    rows = [
        row
        for row in store.measured(experiment, lacking)
        if all_of_them or not asked(row["model"]).issubset(row["metrics"])
    ]
    values = {}
    for row in rows:
        if (picture := images.read_picture(store.root / row["image"])) is not None:
            values[row["key"]] = measures.measure(picture, prompt=row["prompt"], model=row["model"], names=names)
    if values:
        store.set_metrics(values)
    return Measured(len(values), len(rows) - len(values))
