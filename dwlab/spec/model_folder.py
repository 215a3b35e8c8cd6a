"""What the small files of a pipeline's folder tell about the model, without reading its weights."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._util.jsonfile import read_object
from ..errors import ModelError
from . import checkpoints, families, native_side, tasks
from .family import UNKNOWN_DEFAULTS
from .model_entry import Entry
from .size_rule import SizeRule

if TYPE_CHECKING:
    from pathlib import Path

    from .family import Family


def describe(name: str, folder: Path) -> Entry:
    """The entry of a pipeline's folder; raises ModelError if there is no pipeline in it."""
    index = _config(folder, "model_index.json")
    if index is None:
        raise checkpoints.without_index(name, folder)
    pipeline = str(index.get("_class_name", ""))
    family = families.of(pipeline)
    denoiser = _denoiser_config(folder, family)
    decoder = _config(folder, f"{family.decoder if family else 'vae'}/config.json") or {}
    side = native_side.of(family, index, denoiser, decoder)
    defaults = family.defaults(index, denoiser) if family else UNKNOWN_DEFAULTS
    return Entry(
        name,
        source=str(folder),
        family=families.name(pipeline),
        width=side,
        height=side,
        side_multiple=native_side.multiple(family, decoder),
        scheduler=_scheduler(folder, index),
        steps=defaults.steps,
        guidance=defaults.guidance,
        ignores=families.ignored(pipeline, denoiser),
        pipeline=families.drawing(index),
        needs=tasks.IMAGE if families.is_refiner(index) else tasks.needed(pipeline, denoiser),
        excludes=tasks.excluded(pipeline, denoiser),
        omission=families.omission(index, denoiser),
        size_rule=SizeRule.of(family, decoder, side),
    )


def _denoiser_config(folder: Path, family: Family | None) -> dict[str, object]:
    names = ["unet", "transformer"]
    if family is not None:
        names.insert(0, family.denoiser)
    configs = (_config(folder, f"{name}/config.json") for name in names)
    return next((config for config in configs if config is not None), {})


def _config(folder: Path, name: str) -> dict[str, object] | None:
    """A JSON file of the folder, or None if it is missing; raises ModelError if it is broken."""
    path = folder / name
    return read_object(path) if os.path.lexists(path) else None


def _scheduler(folder: Path, index: dict[str, object]) -> str | None:
    """The class of the scheduler, if the index names one as `[library, class]`."""
    entry = index.get("scheduler")
    if not isinstance(entry, list) or len(entry) != 2:
        return None
    scheduler = entry[1]
    if scheduler is not None and not isinstance(scheduler, str):
        path = folder / "model_index.json"
        raise ModelError(f"{path}: scheduler is {entry}; allowed: [library, class]")
    return scheduler
