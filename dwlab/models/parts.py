"""The parts of a pipeline that compute."""

from __future__ import annotations

from typing import Any

import torch


def modules_of(pipeline: Any) -> dict[str, torch.nn.Module]:
    """The modules among a pipeline's components, by name."""
    components = pipeline.components.items()
    return {name: part for name, part in components if isinstance(part, torch.nn.Module)}
