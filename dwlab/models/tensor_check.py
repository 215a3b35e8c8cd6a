"""Compares the tensors that a file names with those that its configs describe; reads no weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import first_line
from . import size_limits, trust
from .checkpoint import DENOISERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import torch

    from ..spec.tensor_header import Header
    from .checkpoint import Checkpoint

SHOWN = 3  # tensors that are named
# what diffusers leaves out when it reads the original names
_ADDED_LATER = ("time_embedding.cond_proj.weight",)

Tensors = dict[str, "torch.Tensor"]
Shape = tuple[int, ...]


def faults(name: str, checkpoint: Checkpoint, header: Header) -> list[str]:
    """What does not fit between a file and its configs, a sentence for each part.

    Compares the denoiser and the autoencoder, if the file holds one.
    """
    sentences = []
    lent = dict(checkpoint.lent)
    for part, library, cls in trust.parts(checkpoint.configs):
        if library == "diffusers" and part in (*DENOISERS, "vae") and part not in lent:
            fault = _fault(name, checkpoint, header, part, str(cls))
            if fault:
                sentences.append(f"{part}: {fault}")
    return sentences


def difference(model_class: Any, config: dict[str, Any], headers: Iterable[Header]) -> str | None:
    """What does not fit between a part's files and its config, under diffusers' names."""
    tensors: Tensors = {}
    for header in headers:
        tensors |= _empty(header)
    return _difference(_expected(model_class, config), tensors)


def fault_of_model(model: Any, headers: Iterable[Header], *, is_whole: bool) -> str | None:
    """What does not fit between files and a model of diffusers without weights.

    is_whole: the files are a single one, which may have the original names, and nothing else.
    """
    expected: Tensors = model.state_dict()
    tensors: Tensors = {}
    for header in headers:
        tensors |= _empty(header)
    # names of older versions, which diffusers changes as it loads
    model._fix_state_dict_keys_on_load(tensors)  # noqa: SLF001
    difference = _difference(expected, tensors)
    if not is_whole:
        return difference
    if difference is None:
        return _surplus(expected, tensors)
    try:
        converted = _converted(type(model).__name__, dict(model.config), expected, dict(tensors))
    # the converters look up names and cut tensors without asking first
    except Exception:  # noqa: BLE001
        return difference
    return _difference(expected, converted) and difference


def difference_between(expected: Mapping[str, Shape], shapes: Mapping[str, Shape]) -> str | None:
    """What does not fit between the shapes of tensors by name, which must be the same."""
    tensors = _of_shapes(shapes)
    return _difference(_of_shapes(expected), tensors) or _surplus(expected, tensors)


def other_shapes(model_class: Any, config: Any, headers: Iterable[Header]) -> str | None:
    """Which tensors of a part of transformers have other shapes than its config describes.

    Only names that the files and the model share are compared: transformers reads files of older
    versions under other names, so a name that is missing means nothing.
    """
    from accelerate import init_empty_weights

    with init_empty_weights(include_buffers=True):
        expected: Tensors = model_class(config).state_dict()
    tensors: Tensors = {}
    for header in headers:
        tensors |= _empty(header)
    prefixes = ("", f"{model_class.base_model_prefix}.", "text_model.")
    renamed: Tensors = {}
    for name in expected:
        found = next((prefix + name for prefix in prefixes if prefix + name in tensors), None)
        if found is not None:
            renamed[name] = tensors[found]
    return _difference({name: expected[name] for name in renamed}, renamed)


def _fault(name: str, checkpoint: Checkpoint, header: Header, part: str, cls: str) -> str | None:
    import diffusers

    model_class = getattr(diffusers, cls)
    config = model_class.load_config(checkpoint.configs, subfolder=part, local_files_only=True)
    with size_limits.building(name, len(header.tensors), header.size):
        expected = _expected(model_class, config)
    try:
        tensors = _converted(cls, config, expected, _empty(header))
    # the converters look up names and cut tensors without asking first
    except Exception as error:  # noqa: BLE001
        return f"its tensors are not those of {cls} ({first_line(error)})"
    return _difference(expected, tensors)


def _empty(header: Header) -> Tensors:
    """The tensors of a file without data."""
    return _of_shapes({name: tensor.shape for name, tensor in header.tensors.items()})


def _of_shapes(shapes: Mapping[str, Shape]) -> Tensors:
    import torch

    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def _expected(model_class: Any, config: dict[str, Any]) -> Tensors:
    from accelerate import init_empty_weights

    with init_empty_weights(include_buffers=True):
        tensors: Tensors = model_class.from_config(config).state_dict()
    return tensors


def _converted(
    cls: str, config: dict[str, Any], expected: Tensors, tensors: Tensors
) -> Mapping[str, torch.Tensor]:
    """The tensors under diffusers' names."""
    if set(tensors) == set(expected):
        return tensors
    from diffusers.loaders.single_file_model import SINGLE_FILE_LOADABLE_CLASSES

    convert = SINGLE_FILE_LOADABLE_CLASSES[cls]["checkpoint_mapping_fn"]
    return convert(config=config, checkpoint=tensors)


def _difference(expected: Tensors, tensors: Mapping[str, torch.Tensor]) -> str | None:
    missing = [name for name in expected if name not in tensors and name not in _ADDED_LATER]
    if missing:
        return f"{len(missing):,} tensors are missing ({_shown(missing)})"
    wrong = [
        f"{name} is {list(tensors[name].shape)} instead of {list(shape.shape)}"
        for name, shape in expected.items()
        if name in tensors and tensors[name].shape != shape.shape
    ]
    if wrong:
        return f"{len(wrong):,} tensors have other shapes ({_shown(wrong)})"
    return None


def _surplus(expected: Mapping[str, object], tensors: Mapping[str, object]) -> str | None:
    others = [name for name in tensors if name not in expected]
    return f"{len(others):,} tensors are no part of it ({_shown(others)})" if others else None


def _shown(names: list[str]) -> str:
    more = ", ..." if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
