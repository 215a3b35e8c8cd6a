"""Finds a folder with a network like CLIP, and refuses what is none before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.existing_path import existing_path
from .._util.jsonfile import read_object
from ..errors import InvalidInput, ModelError, NotDownloaded
from ..models import fingerprint, hub, trust, weight_files
from ..models.components import HUB_ID
from ..spec.catalog import SHAPES_CLIP

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = "config.json"
# the model types of transformers that score pictures against texts, and the class of each
CLASSES = {
    "clip": "CLIPModel",
    "siglip": "SiglipModel",
    "siglip2": "Siglip2Model",
    "metaclip_2": "MetaClip2Model",
    "chinese_clip": "ChineseCLIPModel",
    "altclip": "AltCLIPModel",
}
# files that tell a layout which transformers does not load, and what to say of it
_OTHER_LAYOUTS = {
    "open_clip_config.json": "this is the layout of open_clip",
    "open_clip_model.safetensors": "this is the layout of open_clip",
    "open_clip_pytorch_model.bin": "this is the layout of open_clip",
    "HPS_v2_compressed.pt": "HPS v2 comes as a pickle in the layout of open_clip",
    "HPS_v2.1_compressed.pt": "HPS v2 comes as a pickle in the layout of open_clip",
    "ImageReward.pt": "ImageReward is BLIP with a head of its own, in a pickle",
    "med_config.json": "ImageReward is BLIP with a head of its own, in a pickle",
}


@dataclass(frozen=True)
class ClipFolder:
    """A folder as it was when it was identified. weights: the fingerprint of its files.

    model: whose pictures it knows, if it knows those of one model only.
    """

    folder: Path
    weights: str
    model: str | None = None


def shipped() -> ClipFolder:
    """The small CLIP that dwlab ships, which knows pictures of `shapes` only."""
    # not through `shapes`, which draws its world and needs Pillow for it
    weights = fingerprint.of_folder(SHAPES_CLIP)
    return ClipFolder(SHAPES_CLIP, weights, model="shapes")


def find(field: str, name: str) -> ClipFolder:
    """The folder of a network. name: a folder, or a hub id that was fetched before.

    Reads configs and the headers of weights. Raises InvalidInput, naming `field`, for what is no
    such folder, and ModelError for weights that are missing, broken or not trusted.
    """
    folder = _folder(field, name)
    layout = next((file for file in _OTHER_LAYOUTS if (folder / file).exists()), None)
    if not (folder / CONFIG).is_file():
        reason = _OTHER_LAYOUTS[layout] if layout else f"it has no {CONFIG}"
        raise InvalidInput(field, name, f"{_allowed()}: {reason}; convert it with transformers")
    _check_class(field, name, read_object(folder / CONFIG))
    trust.check_part(folder)
    fault = weight_files.fault_of_part(folder.name, folder)
    if fault:
        raise ModelError(f"{folder}: {fault.text}; copy or download it again")
    _check_processors(folder)
    return ClipFolder(folder, fingerprint.of_folder(folder))


def check_unchanged(clip: ClipFolder) -> None:
    """Raise ModelError if the files of a network are no longer those that were identified."""
    if fingerprint.of_folder(clip.folder) != clip.weights:
        raise ModelError(f"{clip.folder} changed since the run was planned; run it again")


def _folder(field: str, name: str) -> Path:
    path = existing_path(name)
    if path is not None:
        if not path.is_dir():
            raise InvalidInput(field, name, f"{_allowed()}; this is a file")
        return path
    hub_id = HUB_ID.fullmatch(name)
    if hub_id is None:
        raise InvalidInput(field, name, "a folder that exists, or a hub id")
    try:
        return hub.part_of(hub_id["repo"], hub_id["part"] or "", hub_id["revision"], download=False)
    except NotDownloaded:
        fetch = f"hf download {hub_id['repo']}"
        allowed = f"a folder, or a model of the hub that is on this machine: `{fetch}` fetches it"
        raise InvalidInput(field, name, allowed) from None


def _allowed() -> str:
    kinds = ", ".join(CLASSES)
    return f"a folder with a network like CLIP ({kinds}) as transformers saves it, in safetensors"


def _check_class(field: str, name: str, config: Mapping[str, object]) -> None:
    """Refuse models of other kinds, and parts of the right kind, by what their config says."""
    kind = config.get("model_type")
    expected = CLASSES.get(kind) if isinstance(kind, str) else None
    if expected is None:
        extra = ""
        if isinstance(kind, str) and kind.startswith("blip"):
            extra = "; BLIP, and with it ImageReward, gives no vectors that can be compared"
        raise InvalidInput(field, name, f"{_allowed()}; this is a {kind}{extra}")
    classes = config.get("architectures") or [expected]
    if classes != [expected]:
        listed = ", ".join(map(str, classes)) if isinstance(classes, list) else str(classes)
        raise InvalidInput(field, name, f"{_allowed()}; this is a {listed}, not a {expected}")


def _check_processors(folder: Path) -> None:
    """Refuse a folder without a tokenizer, or without settings for pictures."""
    for files, subject in (
        (
            ("tokenizer.json", "vocab.json", "vocab.txt", "spiece.model", "tokenizer.model"),
            "tokenizer",
        ),
        (("preprocessor_config.json", "processor_config.json"), "image processor"),
    ):
        if not any((folder / file).is_file() for file in files):
            raise ModelError(
                f"{folder} has no {subject} (one of {', '.join(files)}); copy it from the model "
                "that this one was trained from"
            )
