"""Accelerators: which there are, what they compute in, how to wait for them. The only file that says "mps"."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import InvalidInput

if TYPE_CHECKING:
    import torch


def resolve(name: str = "auto") -> str:
    """The device that `name` stands for: auto takes CUDA, then MPS, then the CPU; raises InvalidInput."""
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        device = None
    if device is None or device.type not in ("cpu", "cuda", "mps") or not _present(device):
        raise InvalidInput("device", name, f"auto, {', '.join(available())}")
    return name


def _present(device: torch.device) -> bool:
    import torch

    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or torch.backends.mps.is_available()


def available() -> list[str]:
    """The names of all devices of this machine, the CPU first."""
    import torch

    cuda = [f"cuda:{k}" for k in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return ["cpu", *(["mps"] if torch.backends.mps.is_available() else []), *cuda]


def resolve_dtype(name: str, device: str) -> str:
    """The dtype that `name` stands for: auto is float32 on a CPU, bfloat16 or float16 on a GPU."""
    import torch

    if name != "auto":
        return name
    if device == "cpu":
        return "float32"
    if device.startswith("cuda") and torch.cuda.is_bf16_supported():
        return "bfloat16"
    return "float16"


def faster_dtype(device: str) -> str | None:
    """A dtype that this device computes faster than float32 but `auto` does not choose, or None."""
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8") if device == "cpu" else ""
    except OSError:
        return None
    return "bfloat16" if "avx512_bf16" in flags or "amx_bf16" in flags else None


def synchronize(device: str) -> None:
    """Wait until the device has done all that was queued; nothing to wait for on a CPU."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, in the forms of CUDA, MPS and the CPU."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and any(
        words in text for words in ("out of memory", "can't allocate memory", "not enough memory")
    )


def release_memory(device: str) -> None:
    """Give unused memory back, after an out-of-memory error."""
    import torch

    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()
