"""What a sweep would do: how many cells, what is there already, how long and how large. Loads no model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._util.durations import rough_duration
from .._util.gc_paused import gc_paused
from .._util.html import facts_table
from .._util.text_table import text_table
from ..errors import printable
from ..metrics import measures
from ..models import device
from ..models.identity import complete
from ..spec import catalog, families, no_effect
from ..spec.axes import RandomSeeds
from ..store.store import Store
from .cost import PNG_BYTES_A_PIXEL, estimate, pixels_of, rate_of, rows_of
from .resolve import Identities, cell_key, identify_what_is_here, not_here

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ..spec.params import GenerationParams
    from ..spec.sweep import SweepSpec


@dataclass(frozen=True)
class Plan:
    """A sweep before it runs. seconds, bytes: estimates for what is left to do; None where nothing is known.

    results: the folder that was looked through, and that a run would write to.
    """

    name: str
    results: Path
    combinations: int
    cells: int
    done: int
    failed: int
    seconds: float | None
    bytes: float
    basis: str  # where the estimate of time comes from
    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def todo(self) -> int:
        """Cells that are still to be computed, failed ones included."""
        return self.cells - self.done

    def lines(self) -> list[tuple[str, str]]:
        """The plan as pairs of a label and a text."""
        skipped = self.combinations - self.cells
        left = (
            f" ({skipped:,} of {self.combinations:,} combinations skipped or repeated)"
            if skipped
            else ""
        )
        failed = f", {self.failed:,} failed before and tried again" if self.failed else ""
        time = "not known" if self.seconds is None else f"about {rough_duration(self.seconds)}"
        return [
            ("sweep", self.name),
            *((f"axis {name}", _values_text(values)) for name, values in self.axes.items()),
            ("cells", f"{self.cells:,}{left}"),
            ("done", f"{self.done:,}"),
            ("to do", f"{self.todo:,}{failed}"),
            ("time", f"{time} ({self.basis})"),
            ("disk", f"about {self.bytes / 1e6:,.1f} MB"),
            ("results", printable(str(self.results))),
            *(("warning", text) for text in self.warnings),
            *(("hint", text) for text in self.hints),
        ]

    def __str__(self) -> str:
        return text_table((f"{label}:", text) for label, text in self.lines())

    def _repr_html_(self) -> str:
        return facts_table(self.lines())


@dataclass(frozen=True)
class Work:
    """What a run has to compute, picture by picture.

    rows: of the denoiser. costs: in seconds if `in_seconds`, otherwise in proportion to each other. of_pictures: False for
    other things than pictures, which have no rows.
    """

    rows: tuple[int, ...]
    costs: tuple[float, ...]
    in_seconds: bool = False
    of_pictures: bool = True

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def equal(cls, count: int) -> Work:
        """So many things of which nothing is known."""
        return cls((1,) * count, (1.0,) * count, of_pictures=False)

    @classmethod
    def of(
        cls,
        params: Sequence[GenerationParams],
        rates: Mapping[tuple[str, str], float | None] | None = None,
    ) -> Work:
        """The work of some recipes; rates: seconds per row and pixel of each (model, dtype)."""
        rows = tuple(rows_of(one.steps, one.scheduler, one.guidance) for one in params)
        amounts = [count * pixels_of(one) for count, one in zip(rows, params, strict=True)]
        known = [(rates or {}).get((one.model, one.dtype)) for one in params]
        costs = [
            amount * rate for amount, rate in zip(amounts, known, strict=True) if rate is not None
        ]
        if len(costs) == len(amounts):
            return cls(rows, tuple(costs), in_seconds=True)
        return cls(rows, tuple(map(float, amounts)))


def work_of(params: Sequence[GenerationParams], identities: Identities, store: Store) -> Work:
    """The work of some recipes, in seconds where the store or the catalog knows what their models take."""
    completed = [complete(one, identities[one.model, one.dtype]) for one in params]
    rates = {pair: rate_of(pair, identity, store)[0][0] for pair, identity in identities.items()}
    return Work.of(completed, rates)


@gc_paused()
def make_plan(
    spec: SweepSpec,
    root: Path,
    *,
    device_name: str = "auto",
    profile: str | None = None,
    exact: int | None = None,
    limit: int,
) -> Plan:
    """Count a sweep's cells, look up which are done, and estimate the rest; writes nothing where nothing is yet.

    Raises InvalidInput or ModelError for a sweep that could not run.
    """
    measures.check_names(spec.metrics)
    measures.check_ranking(spec.metric, spec.metrics)
    store = Store(root, read=True) if (root / "dwlab.sqlite").exists() else None
    try:
        drawn = store.seeds(spec.name, spec.random_seeds) if store else []
        made_up = _stand_ins(drawn, spec.random_seeds)
        cells = spec.cells([*drawn, *made_up], limit=limit)
        asked = [cell.params for cell in cells]
        identities, away = identify_what_is_here(asked, device_name, profile)
        missing = [one for one in asked if one.model in away] if away else []
        keys = {cell_key(one, identities, exact): one for one in asked if one.model not in away}
        statuses = (
            store.statuses(key for key, one in keys.items() if one.seed not in made_up)
            if store
            else {}
        )
        todo = [one for key, one in keys.items() if statuses.get(key) != "ok"]
        seconds, size, basis = estimate(todo, identities, store)
        if missing:
            seconds, basis = None, f"not here yet: {', '.join(away)}"
            size += sum(map(pixels_of, missing)) * PNG_BYTES_A_PIXEL
        return Plan(
            spec.name, root, spec.combinations(), len(keys) + len(missing), len(keys) - len(todo),
            sum(status != "ok" for status in statuses.values()), seconds, size, basis, _axes(spec),
            (*no_effect.warnings(spec, cells, _folders(identities)), *not_here(missing, away), *_one_by_one(identities, exact)),
            _dtype_hints(identities),
        )  # fmt: skip
    finally:
        if store:
            store.close()


def _one_by_one(identities: Identities, exact: int | None) -> list[str]:
    """What there is to say of models whose pictures cannot share forwards, as far as their class tells."""
    effect = "no picture can be made in exact mode" if exact else "one picture at a time"
    reasons = {}
    for (model, _), identity in identities.items():
        pipeline = catalog.lookup(str(identity.folder)).pipeline
        reasons[model] = families.never_packed(pipeline) if pipeline else None
    return [f"{model}: {effect}, because {reason}" for model, reason in reasons.items() if reason]


def _stand_ins(drawn: list[int], count: int) -> dict[int, None]:
    """Seeds, in order, in place of those that are not drawn yet; no cell of theirs can be done."""
    taken = set(drawn)
    return dict.fromkeys(
        itertools.islice((n for n in itertools.count() if n not in taken), count - len(drawn))
    )


def _folders(identities: Identities) -> dict[str, str]:
    return {model: str(identity.folder) for (model, _), identity in identities.items()}


def _dtype_hints(identities: Identities) -> tuple[str, ...]:
    slow = [
        (model, i.device)
        for (model, dtype), i in identities.items()
        if dtype == "auto" and i.dtype == "float32"
    ]
    return tuple(
        f"{model} runs in float32; dtype: {faster} would be faster on this {name.upper()} (and makes other pictures)"
        for model, name in slow
        if (faster := device.faster_dtype(name))
    )


def _axes(spec: SweepSpec) -> dict[str, tuple[Any, ...]]:
    return {
        name: (f"{values.count} random, drawn once",) if isinstance(values, RandomSeeds) else values
        for name, values in spec.values.items()
    }


def _values_text(values: tuple[Any, ...]) -> str:
    texts = [printable(str(value)) or '""' for value in values]
    shown = [text if len(text) < 40 else f"{text[:37]}..." for text in texts]
    if len(shown) > 12:
        shown = [*shown[:6], "...", *shown[-3:]]
    return f"{', '.join(shown)}  ({len(values)})" if len(values) > 1 else shown[0]
