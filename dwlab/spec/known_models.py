"""The models of the hub that dwlab knows by name: `catalog.toml`, read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import families, tasks
from .model_entry import TEXT_TO_IMAGE, Entry, HubFacts

DATA = Path(__file__).with_name("catalog.toml")
# what a model for a task cannot do without
_NEEDS = {"inpainting": tasks.INPAINTING, "refiner": tasks.IMAGE}
# where neither the file nor the family says
_STEPS = 50
_GUIDANCE = 7.5


@dataclass(frozen=True)
class KnownModels:
    """What `catalog.toml` says.

    models: whole pipelines. parts: what belongs into another pipeline, like ControlNets. moved:
    repositories that have left the hub, with their successors. read: the date on which licences
    were read, as YYYY-MM-DD.
    """

    models: tuple[Entry, ...]
    parts: tuple[Entry, ...]
    moved: dict[str, str]
    read: str


def load() -> KnownModels:
    """Read `catalog.toml`."""
    with DATA.open("rb") as file:
        data = tomllib.load(file)
    return KnownModels(
        models=tuple(_entry(name, values) for name, values in data["models"].items()),
        parts=tuple(_entry(name, values) for name, values in data["parts"].items()),
        moved=data["moved"],
        read=data["read"].isoformat(),
    )


def _entry(name: str, values: dict[str, Any]) -> Entry:
    family = families.of(values["pipeline"])
    steps = family and family.steps
    guidance = family and family.guidance
    return Entry(
        name,
        source=values["repository"],
        revision=values.get("revision"),
        family=families.name(values["pipeline"]),
        width=values.get("side"),
        height=values.get("side"),
        scheduler=values.get("scheduler"),
        steps=values.get("steps", _STEPS if steps is None else steps),
        guidance=values.get("guidance", _GUIDANCE if guidance is None else guidance),
        side_max=values.get("side_max", Entry.side_max),
        row_seconds=values.get("row_seconds"),
        needs=_NEEDS.get(values.get("task", TEXT_TO_IMAGE)),
        hub=HubFacts(
            task=values.get("task", TEXT_TO_IMAGE),
            pipeline=values["pipeline"],
            licence=values.get("licence"),
            access=values.get("access"),
            bytes=values.get("bytes"),
            mirror_of=values.get("mirror_of"),
        ),
    )
