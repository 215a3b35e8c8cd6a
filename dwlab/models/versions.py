"""The versions that a result depends on."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import platform

from .. import __version__


@functools.cache
def versions() -> dict[str, str]:
    """The versions that pictures are made with here, by package."""
    installed = {"python": platform.python_version(), "dwlab": __version__}
    for package in ("torch", "diffusers", "transformers", "accelerate", "safetensors", "pillow"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            installed[package] = importlib.metadata.version(package)
    return installed
