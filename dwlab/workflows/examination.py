"""What this machine can do, what is wrong with it for dwlab, and what to do about that."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import StoreError
from ..paths import results_folder
from ..spec.catalog import SHAPES_FOLDER
from ..store.store import open_existing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES = (
    "dwlab",
    "torch",
    "diffusers",
    "transformers",
    "accelerate",
    "safetensors",
    "pillow",
    "pandas",
    "matplotlib",
    "papermill",
    "jupyterlab",
    "ipywidgets",
)
LITTLE_DISK = 5e9  # bytes below which people are warned
LITTLE_MEMORY = 2e9
NEWEST_PYTHON = (3, 13)  # that dwlab is tested with
NO_EXTRAS = ("dev",)  # extras that are for those who work on dwlab
_EXTRA = re.compile(r"([\w.-]+).*extra\s*==\s*['\"]([\w-]+)['\"]")


@dataclass(frozen=True)
class Finding:
    """Something that could be better.

    text: what it is, in a sentence. remedy: what to do about it. is_fault: whether something of dwlab
    does not work because of it.
    """

    text: str
    remedy: str
    is_fault: bool = False

    def __str__(self) -> str:
        return f"{self.text}; {self.remedy}"


@dataclass(frozen=True)
class Examination:
    """What was found. facts: devices, versions, memory and disk, as plain values by name."""

    facts: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> list[Finding]:
        """What does not work."""
        return [finding for finding in self.findings if finding.is_fault]

    @property
    def hints(self) -> list[Finding]:
        """What works and could be better."""
        return [finding for finding in self.findings if not finding.is_fault]


def examine(results: str | Path | None = None) -> Examination:
    """Look at packages, devices, memory, disk and the results folder."""
    import psutil

    root = results_folder(results)
    existing = next(path for path in (root, *root.parents) if path.exists())
    disk = shutil.disk_usage(existing)
    memory = psutil.virtual_memory()
    facts = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {name: _version(name) for name in PACKAGES},
        "extras": _extras(),
        **(_device_facts() if _version("torch") else {}),
        "memory_gb": round(memory.total / 1e9, 1),
        "memory_free_gb": round(memory.available / 1e9, 1),
        "results": str(root),
        "disk_free_gb": round(disk.free / 1e9, 1),
        "shapes": _has_embedded_model(),
    }
    findings = [
        *_about_packages(),
        *(_about_device(facts["device"]) if "device" in facts else ()),
        *_about_memory(memory.available),
        *_about_folder(root, existing, disk.free),
        *_about_store(root),
    ]
    return Examination(facts, tuple(findings))


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _extras() -> dict[str, str]:
    """Each optional part of dwlab: here, or which packages it lacks."""
    missing: dict[str, list[str]] = {}
    for line in importlib.metadata.requires("dwlab") or ():
        match = _EXTRA.match(line)
        if match and match[2] not in NO_EXTRAS:
            lacking = missing.setdefault(match[2], [])
            if not _version(match[1]):
                lacking.append(match[1])
    return {
        name: f"lacks {', '.join(lacking)}" if lacking else "here"
        for name, lacking in missing.items()
    }


def _device_facts() -> dict[str, Any]:
    import torch

    from ..models import device

    chosen = device.resolve()
    return {
        "devices": device.available(),
        "device": chosen,
        "dtype": device.resolve_dtype("auto", chosen),
        "threads": torch.get_num_threads(),
    }


def _has_embedded_model() -> bool:
    return (SHAPES_FOLDER / "model_index.json").exists()


def _about_packages() -> Iterator[Finding]:
    for name in PACKAGES:
        if not _version(name):
            text = f"the package {name} is not installed"
            yield Finding(text, f"install it with: pip install {name}", is_fault=True)
    if not _has_embedded_model():
        remedy = "install dwlab again: pip install --force-reinstall --no-deps dwlab"
        yield Finding("the files of the embedded model are missing", remedy, is_fault=True)
    if sys.version_info[:2] > NEWEST_PYTHON:
        text = f"Python {platform.python_version()} is newer than the tested ones (3.11 to 3.13)"
        yield Finding(text, "if something fails, try again with Python 3.13")


def _about_device(chosen: str) -> Iterator[Finding]:
    import torch

    from ..models import device

    try:
        torch.ones(8, device=chosen).sum().item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        remedy = "update its driver, or leave it out with --device cpu"
        yield Finding(f"the device {chosen} cannot compute ({reason})", remedy, is_fault=True)
    if chosen != "cpu":
        return
    yield Finding(
        "there is no GPU, or torch does not see it: large models take minutes per picture",
        "`shapes` is fast anyway; for an NVIDIA GPU, install the torch build for its CUDA "
        "(pytorch.org)",
    )
    faster = device.faster_dtype("cpu")
    if faster:
        text = f"this CPU computes {faster} faster than float32"
        yield Finding(
            text, f"try --dtype {faster} (dtype: {faster} in an experiment) for large models"
        )


def _about_memory(free: int) -> Iterator[Finding]:
    if free < LITTLE_MEMORY:
        text = f"only {free / 1e9:.1f} GB of memory are free"
        yield Finding(text, "close other programs, or use --memory auto for large models")


def _about_folder(root: Path, existing: Path, free: int) -> Iterator[Finding]:
    """The results folder. existing: the nearest of its parents, or itself, that is there."""
    elsewhere = "choose another folder with --results or DWLAB_RESULTS"
    if free < LITTLE_DISK:
        text = f"less than 5 GB are free for {root}"
        yield Finding(text, f"`dwlab gc` finds pictures that nothing needs, or {elsewhere}")
    if not existing.is_dir():
        yield Finding(
            f"{existing} is a file, so {root} cannot be a folder", elsewhere, is_fault=True
        )
    elif not os.access(existing, os.W_OK):
        text = f"{root} cannot be written to"
        yield Finding(text, f"change the permissions of {existing}, or {elsewhere}", is_fault=True)


def _about_store(root: Path) -> Iterator[Finding]:
    """Whether the rows of the results folder can be read."""
    try:
        with open_existing(root) as store:
            if store:
                store.experiments.specs()
    except StoreError as error:
        text, _, remedy = str(error).rpartition("; ")
        yield Finding(text, remedy, is_fault=True)
