"""Reads a pickle of tensors and writes them as safetensors; run by `conversion` as a process.

torch's `weights_only` reader takes tensors, numbers, texts and containers, and refuses to call
anything else that a pickle names. This process has limits of memory and output besides.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dwlab.errors import ModelError, first_line
from dwlab.spec.tensor_header import check_count, check_name

if TYPE_CHECKING:
    import torch

MEMORY = 8 << 30  # bytes besides three times the file
LEFT_OUT_SHOWN = 50
DEPTH_LIMIT = 8
# a training's checkpoint has its weights under one of these
_WEIGHTS = ("state_dict", "module", "model")
_EMBEDDING = "string_to_param"


def main(source: str, target: str) -> int:
    """Convert a file; prints a JSON object with `left_out` or `error`."""
    _set_limits(Path(source).stat().st_size)
    answer: dict[str, object]
    try:
        answer = {"left_out": _convert(Path(source), Path(target))}
    # whatever is wrong with a stranger's file
    except Exception as error:  # noqa: BLE001
        answer = {"error": _reason(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0 if "left_out" in answer else 1


def _set_limits(size: int) -> None:
    """Limit this process; not all systems can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY + 3 * size,) * 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 * size + (1 << 20),) * 2)


def _convert(source: Path, target: Path) -> list[str]:
    """Write the tensors; returns the names of what was left out."""
    import torch
    from safetensors.torch import save_file

    values = _weights(torch.load(source, map_location="cpu", weights_only=True))
    tensors: dict[str, torch.Tensor] = {}
    left_out = []
    for name, value in values.items():
        if isinstance(value, torch.Tensor):
            check_name(source, str(name))
            tensors[str(name)] = _plain(value)
        else:
            left_out.append(str(name))
    check_count(source, len(tensors))
    if not tensors:
        raise ModelError("it holds no tensors by name")
    save_file(tensors, target, metadata={"format": "pt"})
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return left_out[:LEFT_OUT_SHOWN]


def _weights(value: Any) -> dict[Any, Any]:
    """The map from names to tensors in what a pickle holds."""
    for _ in range(DEPTH_LIMIT):
        if not isinstance(value, dict):
            break
        if isinstance(value.get(_EMBEDDING), dict) and value[_EMBEDDING]:
            return {"emb_params": next(iter(value[_EMBEDDING].values()))}
        inner = next((value[name] for name in _WEIGHTS if isinstance(value.get(name), dict)), None)
        if inner is None:
            return value
        value = inner
    raise ModelError("it holds no tensors by name")


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    """A dense copy that shares no memory with other tensors, as safetensors demands."""
    import torch

    if tensor.layout != torch.strided or tensor.is_quantized:
        raise ModelError("it holds sparse or quantised tensors, which cannot be converted")
    return tensor.detach().clone(memory_format=torch.contiguous_format)


def _reason(error: Exception) -> str:
    """Why a file was not converted, without torch's advice to load it unsafely."""
    text = str(error)
    if (
        "Unsupported global" in text
        or "Unsupported class" in text
        or "weights_only" in text.lower()
    ):
        named = next((line for line in text.splitlines() if "nsupported" in line), "")
        detail = named.split("Please use")[0].strip(" .")
        return (
            "its pickle asks for more than tensors, which could run code, so it was not read "
            f"({detail or first_line(error)}); look for the same model as .safetensors"
        )
    return first_line(error)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
