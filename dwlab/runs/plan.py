"""What a sweep would do: how many cells, what is there already, how long and how large.

It loads no model.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.counted import counted
from .._util.durations import rough_duration
from .._util.gc_paused import gc_paused
from .._util.html import facts_table
from .._util.text_table import text_table
from ..cluster.place import placed
from ..errors import printable
from ..models import device
from ..models.memory_texts import memory_texts
from ..pictures.inputs import Inputs
from ..spec import accelerate, catalog, no_effect
from ..spec.axes import RandomSeeds
from ..spec.own_code.labels import method_labels
from ..spec.own_code.recipe import FIELD as METHOD
from ..spec.sweep import LIMIT
from ..store.store import open_existing
from . import prompt_warnings
from .cost import PNG_BYTES_PER_PIXEL, Estimate, estimate
from .plan_defaults import default_texts
from .plan_search import most_of_search, search_text
from .plan_sharing import never_packed, sharing_text
from .resolve import identify_available, resolve
from .run import check_metrics
from .trace_filling import lacking_hints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..render.resolved_cell import ResolvedCell
    from ..spec.compute import Compute
    from ..spec.own_code.recipe import Method
    from ..spec.params import GenerationParams
    from ..spec.sweep import SweepSpec
    from ..store.store import Store
    from .resolve import Identities


# bytes
SMALL, MEGA, GIGA = 1e5, 1e6, 1e9
VALUES_SHOWN = 12  # of an axis; of more, the first and the last ones
VALUE_WIDTH = 40  # characters


@dataclass(frozen=True)
class Plan:
    """A sweep before it runs.

    results: the folder that was looked through, and that a run would write to.
    seconds, bytes: estimates for what is left to do; seconds is None if not known. basis: where the
    estimate of time comes from. memory: a sentence on each model that saves memory or may not fit.
    defaults: a sentence on each model whose own files decide what recipes leave out. search: what a
    search may spend. shared: the work that cells have in common.
    """

    name: str
    results: Path
    combinations: int
    cells: int
    done: int
    failed: int
    seconds: float | None
    bytes: float
    basis: str
    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    workers: int = 1
    search: str = ""
    shared: str = ""

    @property
    def todo(self) -> int:
        """Cells that are still to be computed, failed ones included."""
        return self.cells - self.done

    def lines(self) -> list[tuple[str, str]]:
        """The plan as pairs of a label and a text."""
        return [
            ("sweep", self.name),
            *((f"axis {name}", _values_text(values)) for name, values in self.axes.items()),
            ("cells", f"{self.cells:,}{self._skipped_text()}"),
            ("done", f"{self.done:,}"),
            ("to do", f"{self.todo:,}{self._failed_text()}"),
            ("time", f"{self._time_text()} ({self.basis})"),
            ("disk", disk_text(self.bytes)),
            *([("search", self.search)] if self.search else []),
            *([("shared", self.shared)] if self.shared else []),
            *(("defaults", text) for text in self.defaults),
            *(("memory", text) for text in self.memory),
            ("results", printable(str(self.results))),
            *(("warning", text) for text in self.warnings),
            *(("hint", text) for text in self.hints),
        ]

    def _skipped_text(self) -> str:
        skipped = self.combinations - self.cells
        if not skipped:
            return ""
        return f" ({skipped:,} of {self.combinations:,} combinations skipped or repeated)"

    def _failed_text(self) -> str:
        return f", {self.failed:,} failed before and tried again" if self.failed else ""

    def _time_text(self) -> str:
        if self.seconds is None:
            return "not known"
        workers = f" with {self.workers:,} workers" if self.workers > 1 else ""
        return f"about {rough_duration(self.seconds)}{workers}"

    def __str__(self) -> str:
        return text_table((f"{label}:", text) for label, text in self.lines())

    def _repr_html_(self) -> str:
        return facts_table(self.lines())


def disk_text(size: float) -> str:
    """How much room some bytes take on the disk, in words."""
    if size < SMALL:
        return "under 0.1 MB"
    return f"about {size / GIGA:,.1f} GB" if size >= GIGA else f"about {size / MEGA:,.1f} MB"


@gc_paused()
def make_plan(spec: SweepSpec, root: Path, compute: Compute, *, limit: int = LIMIT) -> Plan:
    """Count a sweep's cells, look up which are done, and estimate the rest.

    root: the results folder; nothing is written there. Raises InvalidInput or ModelError for a
    sweep that could not run, and what `dwlab.cluster.place.placed` does.
    """
    check_metrics(spec)
    with (
        placed(compute.of_experiment(spec.measures), planning=True) as place,
        open_existing(root) as store,
    ):
        compute = place.compute
        seeds = _Seeds.of(spec, store)
        cells = spec.cells(seeds.values, limit=limit)
        params = [cell.params for cell in cells]
        identities, missing = identify_available(params, compute)
        place.check_memory(identities.values())
        not_here = [cell for cell in params if cell.model in missing]
        resolved = _resolve_available(params, missing, identities, compute, root)
        statuses = _statuses(store, resolved, seeds)
        todo = [cell for cell in resolved.values() if statuses.get(cell.key) != "ok"]
        expected = most_of_search(spec, resolved.values(), _estimate(todo, store, not_here))
        hints = lacking_hints(spec, store, resolved)
    return Plan(
        name=spec.name,
        results=root,
        combinations=spec.combinations(),
        cells=len(resolved) + len(not_here),
        done=len(resolved) - len(todo),
        failed=sum(status != "ok" for status in statuses.values()),
        seconds=None if expected.seconds is None else expected.seconds / place.speed,
        bytes=expected.bytes,
        basis=expected.basis,
        axes=_axes(spec),
        warnings=(
            *no_effect.warnings(spec, cells, _folders(identities)),
            *_prompt_warnings(params, identities),
            *_not_checked(not_here, missing),
            *_notes(identities),
            *never_packed(identities, compute),
            *_alone(params, compute),
        ),
        hints=(*_dtype_hints(identities), *hints),
        memory=tuple(memory_texts(identities.values())),
        defaults=tuple(default_texts(params, _folders(identities))),
        workers=place.workers,
        search=search_text(spec, resolved.values()),
        shared=sharing_text(todo, compute, place.workers) if spec.request is None else "",
    )


@dataclass(frozen=True)
class _Seeds:
    """The values of a random seed axis.

    stand_ins: for those that are not drawn yet; no cell with one of them can be done.
    """

    values: list[int]
    stand_ins: frozenset[int]

    @classmethod
    def of(cls, spec: SweepSpec, store: Store | None) -> _Seeds:
        """The seeds of a sweep that may have run before."""
        drawn = store.experiments.seeds(spec.name, spec.random_seeds) if store else []
        taken = set(drawn)
        unused = (number for number in itertools.count() if number not in taken)
        stand_ins = list(itertools.islice(unused, spec.random_seeds - len(drawn)))
        return cls([*drawn, *stand_ins], frozenset(stand_ins))


def _resolve_available(
    params: Sequence[GenerationParams],
    missing: Mapping[str, str],
    identities: Identities,
    compute: Compute,
    root: Path,
) -> dict[str, ResolvedCell]:
    """The cells, by key, whose models need no download."""
    available = [cell for cell in params if cell.model not in missing] if missing else params
    resolved = resolve(available, identities, compute.exact, inputs=Inputs(root))
    return {cell.key: cell for cell in resolved}


def _statuses(
    store: Store | None, resolved: Mapping[str, ResolvedCell], seeds: _Seeds
) -> dict[str, str]:
    """The status of each cell that is in the store, by key."""
    if store is None:
        return {}
    return store.cells.statuses(
        key for key, cell in resolved.items() if cell.params.seed not in seeds.stand_ins
    )


def _estimate(
    todo: Sequence[ResolvedCell],
    store: Store | None,
    not_here: Sequence[GenerationParams],
) -> Estimate:
    """What is left to do will cost this; how long is not known while a model is not here."""
    expected = estimate(todo, store)
    if not not_here:
        return expected
    models = dict.fromkeys(cell.model for cell in not_here)
    pixels = sum(cell.pixels for cell in not_here)
    return Estimate(
        seconds=None,
        bytes=expected.bytes + pixels * PNG_BYTES_PER_PIXEL,
        basis=f"not here yet: {', '.join(models)}",
    )


def _not_checked(not_here: Sequence[GenerationParams], missing: Mapping[str, str]) -> list[str]:
    """A sentence for each model that is not downloaded yet, with the number of its cells."""
    counts = Counter(cell.model for cell in not_here)
    return [
        f"not checked or looked up, {counted(counts[model], 'cell')}: {reason}"
        for model, reason in missing.items()
    ]


def _alone(params: Sequence[GenerationParams], compute: Compute) -> list[str]:
    """A warning of accelerators whose cells share no forwards."""
    names: dict[str, int] = {}
    for cell in params:
        for name in accelerate.runs_alone(cell.accelerate):
            names[name] = names.get(name, 0) + 1
    effect = "fails in exact mode" if compute.exact else "runs alone, one picture at a time"
    return [f"{name}: {effect} ({counted(count, 'cell')})" for name, count in names.items()]


def _notes(identities: Identities) -> list[str]:
    """What models in one file lack."""
    notes: dict[str, None] = {}
    for choice, identity in identities.items():
        for note in identity.checkpoint.notes if identity.checkpoint else ():
            notes[f"{choice.model}: {note}"] = None
    return list(notes)


def _prompt_warnings(params: Sequence[GenerationParams], identities: Identities) -> list[str]:
    folders = _folders(identities)
    models = dict.fromkeys(cell.model for cell in params)
    entries = {model: catalog.lookup(folders.get(model, model)) for model in models}
    warnings = prompt_warnings.literal_syntax(params, entries)
    by_model = {choice.model: identity for choice, identity in identities.items()}
    for model, identity in by_model.items():
        cells = [cell for cell in params if cell.model == model]
        warnings += prompt_warnings.cut_prompts(cells, identity)
    return warnings


def _folders(identities: Identities) -> dict[str, str]:
    return {choice.model: str(identity.folder) for choice, identity in identities.items()}


def _dtype_hints(identities: Identities) -> tuple[str, ...]:
    # a model with several VAEs has one hint
    hints: dict[str, None] = {}
    for choice, identity in identities.items():
        faster = device.faster_dtype(identity.device)
        if choice.dtype == "auto" and identity.dtype == "float32" and faster:
            hint = (
                f"{choice.model} runs in float32; dtype: {faster} would be faster on this "
                f"{identity.device.upper()} (and makes other pictures)"
            )
            hints[hint] = None
    return tuple(hints)


def _axes(spec: SweepSpec) -> dict[str, tuple[Any, ...]]:
    axes: dict[str, tuple[Any, ...]] = {}
    for name, values in spec.values.items():
        if isinstance(values, RandomSeeds):
            axes[name] = (f"{values.count} random, drawn once",)
        elif name == METHOD:
            axes[name] = tuple(method_labels([_name_and_code(method) for method in values]))
        else:
            axes[name] = values
    return axes


def _name_and_code(method: Method | None) -> tuple[str, str]:
    return ("", "") if method is None else (method.name, method.code)


def _values_text(values: tuple[Any, ...]) -> str:
    texts = [_value_text(value) for value in values]
    if len(texts) == 1:
        return texts[0]
    if len(texts) > VALUES_SHOWN:
        texts = [*texts[:6], "...", *texts[-3:]]
    return f"{', '.join(texts)}  ({len(values)})"


def _value_text(value: object) -> str:
    text = printable(str(value)) or '""'
    if len(text) < VALUE_WIDTH:
        return text
    # paths differ at their ends
    is_path = Path(text).is_absolute() or text.startswith("../")
    return f"...{text[3 - VALUE_WIDTH :]}" if is_path else f"{text[: VALUE_WIDTH - 3]}..."
