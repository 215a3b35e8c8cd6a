"""The models that dwlab knows by name, and what can be known of any other without loading it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .._util.jsonfile import read_object
from ..errors import InvalidInput, ModelError
from . import checkpoints, families

SIDE_LIMIT = 8192  # pixels
SHAPES_FOLDER = Path(__file__).parents[1] / "shapes" / "model"


@dataclass(frozen=True)
class Entry:
    """What is known of a model before it loads; None where only loading tells."""

    name: str
    source: str  # a folder, or a hub id "owner/name"
    family: str = "unknown"
    width: int | None = None
    height: int | None = None
    scheduler: str | None = None
    steps: int = 25
    guidance: float = 7.5
    side_min: int = 64
    side_max: int = 4096
    # parameters without effect on this model; negative_prompt has one all the same where call.true_cfg_scale is above 1
    ignores: frozenset[str] = frozenset()
    # seconds a denoiser row took on two CPU cores, to guess a plan's time before anything was measured here
    row_seconds: float | None = None
    random: bool = False  # a shape without weights, which are made up: for benchmarks only
    pipeline: str | None = None  # the class that a folder is loaded with
    omission: families.Omission | None = (
        None  # what leaving the negative prompt out means, if that is no empty text
    )

    @property
    def local(self) -> bool:
        """Whether the weights are a folder on this machine."""
        return Path(self.source).is_dir()


CATALOG = {
    entry.name: entry
    for entry in (
        Entry(
            "shapes", str(SHAPES_FOLDER), "sd", 128, 128, "DDIMScheduler",
            steps=20, guidance=3.0, side_max=512, row_seconds=0.008,
        ),
        Entry(
            "sd15", "stable-diffusion-v1-5/stable-diffusion-v1-5", "sd", 512, 512, "PNDMScheduler",
            side_max=1024, row_seconds=5.0,
        ),
        Entry(
            "sdxl", "stabilityai/stable-diffusion-xl-base-1.0", "sdxl", 1024, 1024, "EulerDiscreteScheduler",
            side_max=2048,
        ),
        Entry(
            "sdxl-turbo", "stabilityai/sdxl-turbo", "sdxl", 512, 512, "EulerAncestralDiscreteScheduler",
            steps=1, guidance=0.0, side_max=1024,
        ),
        Entry(
            "sd15-geometry", "sd15-geometry", "sd", 512, 512, "PNDMScheduler",
            side_max=1024, row_seconds=5.0, random=True,
        ),
        Entry(
            "sdxl-geometry", "sdxl-geometry", "sdxl", 1024, 1024, "EulerDiscreteScheduler",
            side_max=2048, random=True, pipeline="StableDiffusionXLPipeline", omission=families.OMISSIONS[0],
        ),
    )
}  # fmt: skip
DRAWING = tuple(
    entry.name for entry in CATALOG.values() if not entry.random
)  # models whose pictures mean something


@lru_cache(maxsize=256)
def lookup(name: str) -> Entry:
    """The entry of a catalog name, a local diffusers folder or a hub id `owner/name`.

    Reads a folder's configs, never its weights, and asks no hub. Raises ModelError for a bare
    name that is neither in the catalog nor a folder, and for a folder without a pipeline in it.
    """
    if name in CATALOG:
        return CATALOG[name]
    try:
        folder = Path(name).expanduser()
        found, is_file = folder.is_dir(), folder.is_file()
    except (
        OSError,
        RuntimeError,
        ValueError,
    ):  # too long for a path, ~name of an unknown user, or a NUL in it
        found = is_file = False
    if found:
        return _describe(name, folder)
    if is_file:
        raise checkpoints.for_a_file(name, folder)
    if re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", name):
        return Entry(name, name)
    raise ModelError(
        f"model is {name!r}, which is neither in the catalog ({', '.join(CATALOG)}) nor a folder; "
        "give one of these, the path of a diffusers folder, or a hub id like owner/name"
    )


def _describe(name: str, folder: Path) -> Entry:
    index = _read_json(folder / "model_index.json")
    if index is None:
        raise checkpoints.without_index(name, folder)
    cls = str(index.get("_class_name", ""))
    denoiser = (
        _read_json(folder / "unet" / "config.json")
        or _read_json(folder / "transformer" / "config.json")
        or {}
    )
    vae = _read_json(folder / "vae" / "config.json") or {}
    side = _side(denoiser.get("sample_size"), vae.get("block_out_channels"))
    scheduler = index.get("scheduler")
    scheduler = scheduler[1] if isinstance(scheduler, list) and len(scheduler) == 2 else None
    if scheduler is not None and not isinstance(scheduler, str):
        raise ModelError(
            f"{folder / 'model_index.json'}: scheduler is {index['scheduler']}; allowed: [library, class]"
        )
    family = next((f for key, f in _FAMILIES.items() if cls.startswith(key)), "unknown")
    ignores = _ignored(cls, denoiser)
    return Entry(
        name, str(folder), family, side, side, scheduler, side_min=8, ignores=ignores, pipeline=families.drawing(cls),
        omission=families.omission(index, denoiser),
    )  # fmt: skip


def _side(latents: object, channels: object) -> int | None:
    """The pixels of a side that the denoiser was trained for; None if its config does not say, or says what cannot be."""
    halvings = len(channels) - 1 if isinstance(channels, list) else 3
    if not isinstance(latents, int) or not 0 <= halvings <= 8:
        return None
    side = latents * 2**halvings
    return side if 8 <= side <= SIDE_LIMIT else None


# longest first: StableDiffusionXL also begins with StableDiffusion
_FAMILIES = {
    "StableDiffusionXL": "sdxl",
    "StableDiffusion3": "sd3",
    "StableDiffusion": "sd",
    "Flux": "flux",
}

# What a stock pipeline's call does not take, or takes for nothing unless `true_cfg_scale` is given. Written down, because
# diffusers takes seconds to import; a test compares it with diffusers' signatures.
UNUSED = {
    "negative_prompt": frozenset({
        "Flux2KleinPipeline", "Flux2Pipeline", "FluxControlNetPipeline", "FluxControlPipeline", "FluxKontextPipeline",
        "FluxPipeline", "GlmImagePipeline", "Ideogram4Pipeline", "LatentConsistencyModelPipeline", "QwenImage21Pipeline",
    }),
    "guidance": frozenset({"QwenImage21Pipeline", "StableCascadeCombinedPipeline", "WuerstchenCombinedPipeline"}),
    "steps": frozenset({"HeliosPyramidPipeline"}),
}  # fmt: skip


def _ignored(cls: str, denoiser: dict[str, Any]) -> frozenset[str]:
    """The parameters that a pipeline of this class makes nothing of, with this denoiser's config."""
    ignored = {name for name, classes in UNUSED.items() if cls in classes}
    if (
        denoiser.get("time_cond_proj_dim") is not None
    ):  # distilled: the denoiser is told the guidance, and called once
        ignored.add("negative_prompt")
    if cls in ("FluxPipeline", "FluxKontextPipeline") and not denoiser.get(
        "guidance_embeds"
    ):  # as FLUX.1-schnell
        ignored.add("guidance")
    return frozenset(ignored)


def _read_json(path: Path) -> dict[str, Any] | None:
    return read_object(path) if os.path.lexists(path) else None


def check_side(entry: Entry, name: str, value: int) -> None:
    """Raise InvalidInput unless `value` pixels is a side that the model can draw."""
    if value % 8 or not entry.side_min <= value <= entry.side_max:
        raise InvalidInput(
            name,
            value,
            f"a multiple of 8 from {entry.side_min} to {entry.side_max} for model {entry.name!r}",
        )
