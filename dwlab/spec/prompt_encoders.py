"""Which pipelines' prompts can be given as embeddings, so that parts of them have weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model_entry import Entry

SD = "sd"
SDXL = "sdxl"
FLUX = "flux"
# longer beginnings of class names first
_BY_CLASS = {
    "StableDiffusionXL": SDXL,
    "StableDiffusion3": None,
    "StableDiffusion": SD,
    "LatentConsistencyModel": SD,
    "Flux2": None,
    "Flux": FLUX,
}


def encoding(pipeline: str) -> str | None:
    """How compel encodes the prompts of a pipeline class; None if it does not."""
    for start, name in _BY_CLASS.items():
        if pipeline.startswith(start):
            return name
    return None


def encoding_of(entry: Entry) -> str | None:
    """The same for a model, also for one that is not downloaded yet."""
    if entry.pipeline:
        return encoding(entry.pipeline)
    return entry.family if entry.family in (SD, SDXL, FLUX) else None


def has_windows(entry: Entry) -> bool:
    """Whether a long prompt can be read in several windows: only text encoders of CLIP's kind."""
    return encoding_of(entry) in (SD, SDXL)
