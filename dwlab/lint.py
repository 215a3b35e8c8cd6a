"""What a sweep's author should hear before it runs: axes and values that cannot matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import catalog, schedulers
from .params import FIELDS

if TYPE_CHECKING:
    from .sweep import Cell, SweepSpec


def warnings(spec: SweepSpec, cells: list[Cell]) -> list[str]:
    """One line for each axis without effect, duplicate and idle skip rule; such axes stay in keys and rows."""
    lines = [*_duplicates(spec, cells), *_guidance(spec, cells), *_eta(spec, cells), *_ignored(spec, cells)]
    lines += [f"skip rule {rule} drops nothing" for rule in spec.idle_rules()]
    return lines


def _varied(spec: SweepSpec, name: str) -> bool:
    values = spec.values.get(name)
    return values is not None and (spec.random_seeds > 1 if name == "seed" and spec.random_seeds else len(values) > 1)  # type: ignore[arg-type]


def _duplicates(spec: SweepSpec, cells: list[Cell]) -> list[str]:
    twice = spec.count() - len(cells)
    return [f"{twice} of {spec.count()} combinations repeat others and are computed once"] if twice else []


def _guidance(spec: SweepSpec, cells: list[Cell]) -> list[str]:
    lines = []
    unguided = sorted({c.params.guidance for c in cells if not c.params.guided})
    if len(unguided) > 1:
        values = ", ".join(f"{g:g}" for g in unguided)
        lines.append(f"guidance {values}: all of them switch guidance off, so their pictures are the same")
    if unguided and _varied(spec, "negative_prompt"):
        lines.append("negative_prompt has no effect where guidance is 1 or less")
    return lines


def _eta(spec: SweepSpec, cells: list[Cell]) -> list[str]:
    deaf = sorted({c.params.scheduler or "?" for c in cells} - schedulers.USES_ETA)
    return [f"call.eta has no effect on {', '.join(deaf)}"] if deaf and _varied(spec, "call.eta") else []


def _ignored(spec: SweepSpec, cells: list[Cell]) -> list[str]:
    return [
        f"{name} has no effect on model {model!r}"
        for model in sorted({c.params.model for c in cells})
        for name in sorted(catalog.lookup(model).ignores & FIELDS)
        if _varied(spec, name)
    ]
