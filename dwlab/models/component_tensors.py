"""Whether the tensors in the files of a part from elsewhere are those that its config describes."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, ModelError, first_line
from ..spec import safetensors_header
from . import size_limits, tensor_check, weight_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ..spec.tensor_header import Header
    from .components import ModelPart

    Shapes = dict[str, tuple[int, ...]]

CONFIG = "config.json"
_DIFFUSERS = "diffusers"
_MODELS_KEPT = 16
# weights that are stored in another form have other shapes
_QUANTISED = "quantization_config"
# buffers that older versions stored
_POSITIONS = "position_ids"
# how names begin in files of some versions of transformers
_STARTS = ("text_model.", "model.")


def check(field: str, part: ModelPart, own: Path) -> None:
    """Raise InvalidInput, which names a tensor, for files that do not fit the config of a part.

    own: the folder of the model's own part, whose config a single file is read with. Reads configs
    and headers only.
    """
    configs = own if part.is_file else part.path
    try:
        text = (configs / CONFIG).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ModelError(f"{configs / CONFIG} cannot be read: {first_line(error)}") from error
    if f'"{_QUANTISED}"' in text:
        return
    fault = _fault(part, own, text)
    if fault:
        fits = "with the tensors of the model's own" if part.is_file else "that fits its config"
        raise InvalidInput(
            field, str(part.path), f"a {part.name} ({part.cls}) {fits}; here {fault}"
        )


def _fault(part: ModelPart, own: Path, config: str) -> str | None:
    headers = _headers(_files(part))
    if part.library != _DIFFUSERS and part.is_file and (own_headers := _own_headers(own)):
        return tensor_check.difference_between(_shapes(own_headers), _shapes(headers))
    tensors = sum(len(header.tensors) for header in headers)
    size = sum(header.size for header in headers)
    try:
        with size_limits.building(str(part.path), tensors, size):
            if part.library == _DIFFUSERS:
                model = _empty_model(part.cls, config)
                return tensor_check.fault_of_model(model, headers, is_whole=part.is_file)
            return tensor_check.other_shapes(*_described(part.cls, config), headers)
    except ModelError:
        raise
    # a stranger's config can raise anything
    except Exception as error:  # noqa: BLE001
        return f"the config does not describe one ({first_line(error)})"


def first_difference(part: ModelPart, own: Path) -> str:
    """A note on the first tensor whose shape is not that of the model's own part; empty for none."""
    try:
        theirs = _shapes(_headers(_files(part)))
        ours = _shapes(_own_headers(own))
    # the part is refused for another reason already
    except ModelError:
        return ""
    for name, shape in theirs.items():
        if name in ours and ours[name] != shape:
            return f"; {name} is {list(shape)} instead of {list(ours[name])}"
    return ""


def _files(part: ModelPart) -> list[Path]:
    return [part.path] if part.is_file else weight_files.files_of_part(part.path)


def _headers(files: Iterable[Path]) -> list[Header]:
    return [safetensors_header.read(path) for path in files]


def _own_headers(own: Path) -> list[Header]:
    """The headers of the model's own part; none if it is in the file of the whole model."""
    return _headers(weight_files.files_of_part(own)) if own.is_dir() else []


def _shapes(headers: Sequence[Header]) -> Shapes:
    """The shapes of tensors by the names that all versions of a library share."""
    shapes: Shapes = {}
    for header in headers:
        for name, tensor in header.tensors.items():
            if not name.endswith(_POSITIONS):
                shapes[_plain_name(name)] = tensor.shape
    return shapes


def _plain_name(name: str) -> str:
    for start in _STARTS:
        name = name.removeprefix(start)
    return name


@functools.lru_cache(maxsize=_MODELS_KEPT)
def _empty_model(cls: str, config: str) -> Any:
    """A model of diffusers without weights; checkpoints of one training share it."""
    import diffusers
    from accelerate import init_empty_weights

    with init_empty_weights(include_buffers=True):
        return getattr(diffusers, cls).from_config(json.loads(config))


def _described(cls: str, config: str) -> tuple[Any, Any]:
    """A class of transformers, and its config."""
    import transformers

    model_class = getattr(transformers, cls)
    return model_class, model_class.config_class.from_dict(json.loads(config))
