"""Models in one file: what such a file holds, and which configs belong to it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .._util.jsonfile import read_object
from ..errors import InvalidInput, ModelError
from . import gguf_header, layouts, model_folder, safetensors_header
from .checkpoints import TAKES
from .model_entry import Entry

if TYPE_CHECKING:
    from .tensor_header import Header

PICKLES = (".ckpt", ".bin", ".pt", ".pth", ".pkl")
READABLE = (".safetensors", ".gguf")
# what a file without a whole model is, by the names of its tensors; the first match counts
_PARTS: tuple[tuple[str, str], ...] = (
    (r"lora|hada_w1|lokr_w1", "a LoRA, which changes another model"),
    (r"^(emb_params|string_to_param|clip_[lg]$)", "an embedding (textual inversion)"),
    (r"^control_model\.|controlnet_", "a ControlNet, which steers another model"),
    (r"ip_adapter|image_proj\.", "an IP-Adapter, which steers another model"),
)
_LONE_PARTS: tuple[tuple[str, str], ...] = (
    (r"^(decoder|encoder)\.(up|mid|conv_in|up_blocks)", "the autoencoder (VAE) of a model alone"),
    (
        r"^(text_model\.|encoder\.block\.|transformer\.resblocks)",
        "the text encoder of a model alone",
    ),
)
# quantised in forms that diffusers takes for plain weights
_QUANTISED = re.compile(
    r"(^|\.)(scaled_fp8|comfy_quant|scale_weight|weight_scale|input_scale)$"
    r"|\.(absmax|quant_map|wscales|qweight|SCB)$|quant_state\."
)


def describe(name: str, path: Path, config: str = "") -> Entry:
    """The entry of a model in one file. Reads the header of the file and small configs only.

    config: a layout that ships with dwlab, or a folder with configs; by default the layout is told
    from the tensors. Raises ModelError for a file that holds no whole model or is not to be
    trusted, and InvalidInput for a config that does not exist.
    """
    header = read_header(name, path)
    folder = configs(header, config)
    if folder is None:
        return Entry(name, source=str(path), side_min=8, file=True)
    entry = model_folder.describe(str(folder), folder)
    return replace(entry, name=name, source=str(path), file=True, configs=str(folder))


def configs(header: Header, config: str = "") -> Path | None:
    """The folder with the configs of a file; None if neither `config` nor the tensors tell."""
    if not config:
        layout = layouts.detect(header)
        return layouts.LAYOUTS[layout].folder if layout else None
    if config in layouts.LAYOUTS:
        return layouts.LAYOUTS[config].folder
    folder = Path(config).expanduser()
    if not (folder / "model_index.json").is_file():
        names = ", ".join(layouts.LAYOUTS)
        raise InvalidInput(
            "config", config, f"one of {names}, or the folder of a pipeline (model_index.json)"
        )
    return folder


def index_of(folder: Path) -> dict[str, object]:
    """The model_index.json of a folder with configs."""
    return read_object(folder / "model_index.json")


def unknown_layout(name: str, path: Path) -> ModelError:
    """The error for a file whose configs nobody named."""
    kind = layouts.other_architecture(read_header(name, path))
    layout = f"of {kind}, whose configs do not ship with dwlab" if kind else "of an unknown layout"
    return ModelError(
        f"model {name!r} is a checkpoint {layout}; name them with config: the folder of a pipeline "
        f"of its kind, or one of {', '.join(layouts.LAYOUTS)}"
    )


def read_header(name: str, path: Path) -> Header:
    """The header of a checkpoint; raises ModelError for any other file."""
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        raise ModelError(
            f"model {name!r} is a pickle ({suffix}), which can run code; "
            f"`dwlab convert {path}` makes a .safetensors file of it without running any"
        )
    if suffix not in READABLE:
        raise ModelError(
            f"model {name!r} is a file that holds no model; {TAKES}: give a folder, a hub id, or a "
            "checkpoint (.safetensors, .gguf)"
        )
    status = path.stat()
    return _checked_header(name, path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _checked_header(name: str, path: Path, _size: int, _changed: int) -> Header:
    is_gguf = path.suffix.lower() == ".gguf"
    header = gguf_header.read(path) if is_gguf else safetensors_header.read(path)
    _refuse_parts(name, header)
    if not is_gguf:
        _refuse_quantised(name, header)
    return header


def _refuse_parts(name: str, header: Header) -> None:
    """Refuse a file that holds something else than a model, or less than its denoiser."""
    patterns = _PARTS
    if layouts.detect(header) is None and layouts.other_architecture(header) is None:
        patterns = _PARTS + _LONE_PARTS
    for pattern, description in patterns:
        if any(re.search(pattern, tensor) for tensor in header.tensors):
            raise ModelError(
                f"model {name!r} is {description}; {TAKES}: give the checkpoint or folder of one"
            )
    if not header.tensors:
        raise ModelError(f"model {name!r} is a file without tensors; copy or download it again")


def _refuse_quantised(name: str, header: Header) -> None:
    for tensor in header.tensors:
        if _QUANTISED.search(tensor):
            raise ModelError(
                f"model {name!r} is quantised in a form that diffusers would take for plain "
                f"weights (tensor {tensor}); use the same model as .gguf, or in 16 bits"
            )
