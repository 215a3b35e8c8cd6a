"""Hub models: their folder in the local cache, whole, downloaded or completed."""

from __future__ import annotations

import re
from pathlib import Path

from .errors import ModelError, NotDownloaded, first_line
from .jsonfile import read_object
from .trust import TEXT_LIMIT, parts, place_of

_WEIGHTLESS = re.compile("Scheduler|Tokenizer|Processor|Extractor")  # parts that are configuration only


def snapshot(repo: str, download: bool) -> Path:
    """The folder of a hub model in the local cache, downloaded or completed if it has to be and may be."""
    folder = _cached(repo)
    lacks = _lacking(folder) if folder else None
    if folder and not lacks:
        return folder
    if not download:
        state = f"downloaded in part ({lacks} is missing)" if lacks else "not downloaded yet"
        raise NotDownloaded(f"model {repo!r} is {state}; the first run does it")
    from diffusers import DiffusionPipeline

    try:
        folder = Path(DiffusionPipeline.download(repo, use_safetensors=True))
    except Exception as error:  # hub, network and disk errors come in many classes
        raise ModelError(f"model {repo!r} cannot be downloaded: {first_line(error)}") from error
    if lacks := _lacking(folder):  # without a network, diffusers is content with what is there
        raise ModelError(
            f"model {repo!r} is downloaded in part ({lacks} is missing); connect to the network, then run this again"
        )
    return folder


def _cached(repo: str) -> Path | None:
    """The folder of a hub model's latest known commit in the local cache, whole or not."""
    from huggingface_hub import try_to_load_from_cache

    try:
        index = try_to_load_from_cache(repo, "model_index.json")
    except ValueError:  # no name that the hub allows
        return None
    return Path(index).parent if isinstance(index, str) else None


def _lacking(folder: Path) -> str | None:
    """What an interrupted download left out of a pipeline's folder; None for a whole one."""
    for name, _, cls in parts(folder):
        place = place_of(folder, name)
        if not any(path.exists() for path in place.glob("*config*.json")):
            return name
        if not _WEIGHTLESS.search(str(cls)) and not _has_weights(place):
            return f"the weights of {name}"
    return None


def _has_weights(place: Path) -> bool:
    """Whether the safetensors of a part are there: one file, or every shard; files of a variant (x.fp16) are others."""
    if any("." not in path.stem and "-of-" not in path.stem and path.exists() for path in place.glob("*.safetensors")):
        return True
    index = next((path for path in place.glob("*.safetensors.index.json") if path.exists()), None)
    shards = read_object(index, TEXT_LIMIT).get("weight_map") if index else None
    return isinstance(shards, dict) and all((place / str(shard)).exists() for shard in shards.values())
