"""What the small files of a pipeline's folder tell about the model, without reading its weights."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._util.jsonfile import read_object
from ..errors import ModelError
from . import checkpoints, families, tasks
from .model_entry import Entry

if TYPE_CHECKING:
    from pathlib import Path

SIDE_LIMIT = 8192  # pixels


def describe(name: str, folder: Path) -> Entry:
    """The entry of a pipeline's folder; raises ModelError if there is no pipeline in it."""
    index = _config(folder, "model_index.json")
    if index is None:
        raise checkpoints.without_index(name, folder)
    pipeline = str(index.get("_class_name", ""))
    denoiser = _config(folder, "unet/config.json") or _config(folder, "transformer/config.json")
    vae = _config(folder, "vae/config.json")
    side = _trained_side(denoiser or {}, vae or {})
    return Entry(
        name,
        source=str(folder),
        family=families.name(pipeline),
        width=side,
        height=side,
        scheduler=_scheduler(folder, index),
        side_min=8,
        ignores=families.ignored(pipeline, denoiser or {}),
        pipeline=families.drawing(pipeline),
        needs=tasks.needed(pipeline, denoiser or {}),
        omission=families.omission(index, denoiser or {}),
    )


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


def _trained_side(denoiser: dict[str, object], vae: dict[str, object]) -> int | None:
    """The pixels of a side that the denoiser was trained for; None if its config does not tell."""
    latents = denoiser.get("sample_size")
    channels = vae.get("block_out_channels")
    halvings = len(channels) - 1 if isinstance(channels, list) else 3
    if not isinstance(latents, int) or not 0 <= halvings <= 8:
        return None
    side = latents * 2**halvings
    return side if 8 <= side <= SIDE_LIMIT else None
