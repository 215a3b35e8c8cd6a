"""Refuses models of absurd size: by the numbers in their configs, and while they are built."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from typing import TYPE_CHECKING, Any

from .._util.regular_file import open_regular
from ..errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import torch

WEIGHTS_LIMIT = 512 << 30  # bytes of a whole model; the largest open ones have a third of this
# of any number in a config; vocabularies and contexts are the largest
NUMBER_LIMIT = 1 << 27
# of any number in a scheduler's config; there are usually 1,000 timesteps
SCHEDULER_LIMIT = 100_000
# of numbers whose square is the size of an embedding
SIDE_LIMITS = {"sample_size": 2048, "image_size": 2048, "pos_embed_max_size": 1024}
LIST_LIMIT = 10_000  # values per list
FEW_LAYERS = 100  # layers that a config may describe, however few tensors there are
_LAYERS = re.compile("layers|blocks|depth")
# A parameter may be registered several times while it is loaded.
REGISTRATIONS_PER_TENSOR = 10
REGISTRATIONS = 100_000  # that any model may make
# Four bits of a file can be one parameter.
PARAMETERS_PER_BYTE = 16
SLACK = 10_000_000  # parameters that any model may have
HEADER_LIMIT = 32 << 20  # bytes; a tensor takes about a hundred


def tensors_in(path: Path) -> int:
    """The number of tensors in the header of a safetensors file; 0 for a file without a header."""
    with open_regular(path) as file:
        length = int.from_bytes(file.read(8), "little")
        text = file.read(length) if length <= HEADER_LIMIT else b""
    try:
        return len(json.loads(text).keys() - {"__metadata__"})
    except (ValueError, AttributeError, RecursionError):
        return 0


def check_config(path: Path, config: dict[str, Any], tensors: int) -> None:
    """Refuse a config that describes more than a machine can build.

    tensors: the number in the part's weights; each layer has at least one. Raises ModelError naming
    the entry.
    """
    for name, value in _numbers(path, config):
        limit = _limit(path, name, tensors)
        if abs(value) > limit:
            raise ModelError(
                f"{path}: {name} is {value:.6g}; allowed: at most {limit:,} for the weights in this "
                "folder"
            )


def _limit(path: Path, name: str, tensors: int) -> int:
    """The largest number that may stand under a name."""
    limit = SCHEDULER_LIMIT if path.name == "scheduler_config.json" else NUMBER_LIMIT
    if _LAYERS.search(name):
        limit = max(tensors, FEW_LAYERS)
    return min(limit, SIDE_LIMITS.get(name, limit))


def _numbers(path: Path, config: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Each whole number in a config with its name, at any depth."""
    waiting: list[tuple[str, Any]] = list(config.items())
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            if len(value) > LIST_LIMIT:
                raise ModelError(
                    f"{path}: {name} has {len(value):,} values; allowed: at most {LIST_LIMIT:,}"
                )
            waiting += [(name, item) for item in value]
        elif isinstance(value, int):
            yield name, value


@contextlib.contextmanager
def building(name: str, tensors: int, size: int) -> Iterator[None]:
    """While a model is built in this thread, refuse more layers and parameters than its weights fill.

    name: of the model, for the error. tensors, size: the number and the bytes of its weights.
    Models are first built without memory of their own, so this stops before any is taken. Raises
    ModelError.
    """
    import torch
    from torch.nn.modules import module as modules

    thread = threading.get_ident()
    registrations = REGISTRATIONS + tensors * REGISTRATIONS_PER_TENSOR
    parameters = SLACK + size * PARAMETERS_PER_BYTE

    def count(
        _module: torch.nn.Module,
        _name: str,
        registered: torch.nn.Module | torch.nn.Parameter | None,
    ) -> None:
        nonlocal registrations, parameters
        if threading.get_ident() != thread:
            return
        registrations -= 1
        if isinstance(registered, torch.nn.Parameter):
            parameters -= registered.numel()
        if registrations < 0 or parameters < 0:
            raise ModelError(
                f"the configs of model {name!r} describe a far larger model than its weights; copy or "
                "download the folder again"
            )

    hooks = [
        modules.register_module_parameter_registration_hook(count),
        modules.register_module_module_registration_hook(count),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
