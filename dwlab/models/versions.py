"""The versions that a result depends on."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import platform
from typing import TYPE_CHECKING

from .. import __version__
from ..spec.prompt_weights import COMPEL
from . import hub_kernels

if TYPE_CHECKING:
    from ..spec.params import GenerationParams
    from .settings import Settings

# the packages of settings, by the first part of their values
_OF_SETTINGS = {
    "openvino": "openvino",
    "torchao": "torchao",
    "quanto": "optimum-quanto",
    "bitsandbytes": "bitsandbytes",
}
# that some pictures need, but not all
FURTHER = (*_OF_SETTINGS.values(), "peft", "compel")


def versions() -> dict[str, str]:
    """The versions that pictures are made with here, by package, and kernels from the hub if they are allowed."""
    always = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "pillow")
    known = {"python": platform.python_version(), "dwlab": __version__}
    return known | installed(always) | hub_kernels.facts()


def further_versions(settings: Settings, params: GenerationParams) -> dict[str, str]:
    """The versions of those of the packages in FURTHER that a picture is made with here."""
    named = [value.partition("-")[0] for value in (settings.backend, settings.quantisation)]
    packages = [_OF_SETTINGS[name] for name in named if name in _OF_SETTINGS]
    if params.loras:
        packages.append("peft")
    if params.prompt_weighting == COMPEL:
        packages.append("compel")
    return installed(tuple(packages))


@functools.cache
def installed(packages: tuple[str, ...]) -> dict[str, str]:
    """The versions of those of the packages that are installed here."""
    versions: dict[str, str] = {}
    for package in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions
