"""The parts of a pipeline that compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def modules_of(pipeline: Any) -> dict[str, torch.nn.Module]:
    """The modules among a pipeline's components, by name."""
    import torch

    components = pipeline.components.items()
    return {name: part for name, part in components if isinstance(part, torch.nn.Module)}
