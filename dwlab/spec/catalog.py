"""The models that dwlab knows by name, and how any other model is looked up."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from pathlib import Path

from ..errors import InvalidInput, ModelError
from . import families, known_models, model_folder, side_limits, single_file
from .family import UNKNOWN_DEFAULTS
from .model_entry import Entry

SHAPES_FOLDER = Path(__file__).parents[1] / "shapes" / "model"
# the folder of a small CLIP of its world
SHAPES_CLIP = SHAPES_FOLDER.parent / "clip"
# longer ones would fill a screen with every message that names the model
_NAME_LIMIT = 1000
# owner/name, and perhaps @ with a branch, tag or commit
_HUB_ID = re.compile(
    r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)"
    r"(@(?P<revision>[A-Za-z0-9][\w.+-]*(/[A-Za-z0-9][\w.+-]*)*))?",
    re.ASCII,
)
KNOWN = known_models.load()
_BUILT_IN = (
    Entry(
        "shapes",
        source=str(SHAPES_FOLDER),
        family="sd",
        width=128,
        height=128,
        scheduler="DDIMScheduler",
        steps=20,
        guidance=3.0,
        side_min=64,
        side_max=512,
        row_seconds=0.008,
    ),
    Entry(
        "sd15-geometry",
        source="sd15-geometry",
        family="sd",
        width=512,
        height=512,
        scheduler="PNDMScheduler",
        steps=UNKNOWN_DEFAULTS.steps,
        guidance=UNKNOWN_DEFAULTS.guidance,
        side_max=1024,
        row_seconds=5.0,
        random=True,
    ),
    Entry(
        "sdxl-geometry",
        source="sdxl-geometry",
        family="sdxl",
        width=1024,
        height=1024,
        scheduler="EulerDiscreteScheduler",
        steps=UNKNOWN_DEFAULTS.steps,
        guidance=UNKNOWN_DEFAULTS.guidance,
        side_max=2048,
        random=True,
        pipeline="StableDiffusionXLPipeline",
        omission=families.BY_PIPELINE["StableDiffusionXLPipeline"].omission,
    ),
)
CATALOG = {entry.name: entry for entry in (*_BUILT_IN, *KNOWN.models)}
# models that draw from a text, and whose pictures mean something
DRAWING = tuple(entry.name for entry in CATALOG.values() if entry.draws)
_BY_REPOSITORY = {entry.source: entry for entry in KNOWN.models}
# parts of models by name, like ControlNets
PARTS = {entry.name: entry for entry in KNOWN.parts}


@lru_cache(maxsize=256)
def lookup(name: str, config: str = "") -> Entry:
    """The entry of a catalog name, a local diffusers folder or file, or a hub id.

    A hub id is `owner/name`, or `owner/name@revision` with a branch, tag or commit. config: of a
    file (see `single_file.describe`). Reads configs and the header of a file, never weights, and
    does not ask the hub. Raises ModelError for a bare name that is neither in the catalog nor a
    folder or file, and for a folder or file without a pipeline in it; InvalidInput for a name of
    more than 1,000 characters and for a config that does not fit.
    """
    if len(name) > _NAME_LIMIT:
        allowed = f"a catalog name, a path or a hub id, of at most {_NAME_LIMIT:,} characters"
        raise InvalidInput("model", name, allowed)
    path = _path(name)
    if name not in CATALOG and path and path.is_file():
        return single_file.describe(name, path, config)
    if config:
        allowed = f"nothing, because model {name!r} is not a single file and has its own configs"
        raise InvalidInput("config", config, allowed)
    if name in CATALOG:
        return CATALOG[name]
    if path and path.is_dir():
        return model_folder.describe(name, path)
    if name in PARTS:
        raise ModelError(f"model is {name!r}, which is a part of models: use it in `control:`")
    entry = hub_entry(name)
    if entry:
        return entry
    raise ModelError(
        f"model is {name!r}, which is neither in the catalog nor a folder or file; give a name that "
        "`dwlab models` lists, the path of a diffusers folder or checkpoint (.safetensors, .gguf), or "
        f"a hub id like owner/name or owner/name@revision{_similar(name)}"
    )


def hub_entry(name: str) -> Entry | None:
    """The entry of a hub id, with a revision or without; None for another name.

    Steps and guidance are known before its files if the catalog has it.
    """
    hub_id = _HUB_ID.fullmatch(name)
    if hub_id is None:
        return None
    known = _BY_REPOSITORY.get(successor(hub_id["repo"]))
    return Entry(
        name,
        source=hub_id["repo"],
        revision=hub_id["revision"],
        steps=known.steps if known else None,
        guidance=known.guidance if known else None,
    )


def _path(name: str) -> Path | None:
    """The path of a folder or file with this name; None if there is none."""
    try:
        path = Path(name).expanduser()
        return path if path.is_dir() or path.is_file() else None
    except (OSError, RuntimeError, ValueError):
        # too long for a path, ~name of an unknown user, or NUL in it
        return None


def _similar(name: str) -> str:
    """A note on names in the catalog that are like a name."""
    names = difflib.get_close_matches(name, CATALOG, n=3)
    return f" (did you mean {' or '.join(names)}?)" if names else ""


def successor(repository: str) -> str:
    """The repository that took the place of one that has left the hub, or the same one."""
    return KNOWN.moved.get(repository, repository)


def check_side(entry: Entry, name: str, side: int, model: str | None = None) -> None:
    """Raise InvalidInput unless the model can draw a side of so many pixels.

    model: what the recipe calls it, if that is not the entry's name.
    """
    step = entry.side_multiple
    if side % step == 0 and entry.side_min <= side <= entry.side_max:
        return
    allowed = f"a multiple of {step} from {entry.side_min} to {entry.side_max}"
    allowed += f" for model {model or entry.name!r}"
    below = side // step * step
    nearest = [
        value for value in (below, below + step) if entry.side_min <= value <= entry.side_max
    ]
    if side % step and nearest and step > side_limits.SMALLEST:
        allowed += f", like {' or '.join(map(str, nearest))}"
    raise InvalidInput(name, side, allowed)
