"""Whether a model's weights fit into the memory of this machine, by their number alone."""

from __future__ import annotations

from dataclasses import dataclass

from . import device

_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}


@dataclass(frozen=True)
class Estimate:
    """What the weights take. level: error or warning if that is too much, otherwise empty."""

    facts: dict[str, object]
    level: str
    text: str


def estimate(parameters: int) -> Estimate:
    """The memory that so many parameters take in the dtype that `auto` stands for here."""
    chosen = device.resolve()
    dtype = device.resolve_dtype("auto", chosen)
    needed = parameters * _BYTES[dtype]
    total, free = _memory(chosen)
    facts: dict[str, object] = {
        "parameters": parameters,
        "memory_gb": round(needed / 1e9, 2),
        "device": chosen,
        "dtype": dtype,
    }
    text = (
        f"its weights take {needed / 1e9:.1f} GB in {dtype}, and {chosen} has {total / 1e9:.1f} GB, "
        f"of which {free / 1e9:.1f} GB are free; a smaller dtype or offloading takes less"
    )
    if needed > total:
        return Estimate(facts, "error", text)
    return Estimate(facts, "warning" if needed > free else "", text)


def _memory(chosen: str) -> tuple[int, int]:
    """(all, free) bytes of a device."""
    if chosen.startswith("cuda"):
        import torch

        free, total = torch.cuda.mem_get_info(chosen)
        return total, free
    import psutil

    memory = psutil.virtual_memory()
    return memory.total, memory.available
