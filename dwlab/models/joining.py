"""Makes one model of a prior and a decoder that were published as two."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from .._util.jsonfile import read_object
from ..errors import InvalidInput, ModelError
from . import pipeline_kinds, trust

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PREFIX = "prior_"
INDEX = "model_index.json"
# the class of a decoder -> (that of its prior, the one that does both)
PAIRS = {
    "KandinskyPipeline": ("KandinskyPriorPipeline", "KandinskyCombinedPipeline"),
    "KandinskyImg2ImgPipeline": ("KandinskyPriorPipeline", "KandinskyImg2ImgCombinedPipeline"),
    "KandinskyInpaintPipeline": ("KandinskyPriorPipeline", "KandinskyInpaintCombinedPipeline"),
    "KandinskyV22Pipeline": ("KandinskyV22PriorPipeline", "KandinskyV22CombinedPipeline"),
    "KandinskyV22Img2ImgPipeline": (
        "KandinskyV22PriorPipeline",
        "KandinskyV22Img2ImgCombinedPipeline",
    ),
    "KandinskyV22InpaintPipeline": (
        "KandinskyV22PriorPipeline",
        "KandinskyV22InpaintCombinedPipeline",
    ),
    "StableCascadeDecoderPipeline": (
        "StableCascadePriorPipeline",
        "StableCascadeCombinedPipeline",
    ),
    "WuerstchenDecoderPipeline": ("WuerstchenPriorPipeline", "WuerstchenCombinedPipeline"),
}


def join(decoder: Path, prior: Path, output: Path) -> Path:
    """Make the folder of the model that a decoder and a prior are together.

    decoder, prior: their folders, which stay as they are. output: a new folder, which links to
    their parts, or has copies where the system allows no links. No weights are read. Returns
    `output`. Raises InvalidInput for folders that are no such pair, or if `output` exists, and
    ModelError for a folder that is not to be trusted.
    """
    decoder_index = _index("decoder", decoder)
    prior_index = _index("prior", prior)
    combined = _combined(decoder, decoder_index, prior, prior_index)
    if output.exists():
        raise InvalidInput("output", str(output), "a folder that does not exist yet")
    parts = {name: (decoder, name) for name in _part_names(decoder)}
    parts |= {f"{PREFIX}{name}": (prior, name) for name in _part_names(prior)}
    entries: dict[str, object] = {"_class_name": combined}
    entries |= {name: decoder_index[name] for name in _part_names(decoder)}
    entries |= {f"{PREFIX}{name}": prior_index[name] for name in _part_names(prior)}
    output.mkdir(parents=True)
    for name, (folder, part) in parts.items():
        _link(folder / part, output / name)
    write_atomic(output / INDEX, json.dumps(entries, indent=1).encode())
    pipeline_kinds.check(str(output), output)
    return output


def _index(field: str, folder: Path) -> Mapping[str, object]:
    """The index of a pipeline's folder, which is checked as before loading."""
    if not (folder / INDEX).is_file():
        raise InvalidInput(field, str(folder), "the folder of a diffusers pipeline")
    trust.check_folder(folder)
    return read_object(folder / INDEX)


def _combined(
    decoder: Path,
    decoder_index: Mapping[str, object],
    prior: Path,
    prior_index: Mapping[str, object],
) -> str:
    """The class that does what both do; raises InvalidInput if they do not belong together."""
    decoder_class = str(decoder_index.get("_class_name"))
    if decoder_class not in PAIRS:
        allowed = f"a decoder, like a {', '.join(PAIRS)}; this is a {decoder_class}"
        raise InvalidInput("decoder", str(decoder), allowed)
    prior_class, combined = PAIRS[decoder_class]
    if prior_index.get("_class_name") != prior_class:
        allowed = (
            f"a {prior_class} for a {decoder_class}; this is a {prior_index.get('_class_name')}"
        )
        raise InvalidInput("prior", str(prior), allowed)
    return combined


def _part_names(folder: Path) -> list[str]:
    """The parts that a pipeline's folder has, by its index."""
    names = [name for name, _library, cls in trust.parts(folder) if cls is not None]
    missing = [name for name in names if not (folder / name).is_dir()]
    if missing:
        raise ModelError(f"{folder} lacks {', '.join(missing)}; copy or download it again")
    return names


def _link(source: Path, target: Path) -> None:
    """Let a part be found at a second place."""
    try:
        target.symlink_to(source.resolve(), target_is_directory=True)
    # some systems allow links to administrators only
    except OSError:
        shutil.copytree(source, target)
