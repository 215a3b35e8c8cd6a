"""`dwlab doctor`: what this machine can do, and what to do about what is missing."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._util.text_table import text_table
from ..models import device
from ..paths import results_folder
from ..spec.catalog import SHAPES_FOLDER
from .command import ResultsOption  # noqa: TC001  # typer reads the annotations

if TYPE_CHECKING:
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
NEWEST_PYTHON = (3, 13)  # that dwlab is tested with


def doctor(
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    results: ResultsOption = None,
) -> None:
    """Show devices, versions, memory and disk, and what to do about what is missing.

    Examples:
        dwlab doctor
        dwlab doctor --json
    """
    report = examine(results)
    typer.echo(json.dumps(report, indent=1) if json_output else as_text(report))


def examine(results: str | Path | None = None) -> dict[str, Any]:
    """Devices, versions, memory, disk and advice, as plain values."""
    import psutil
    import torch

    root = results_folder(results)
    existing = next(path for path in (root, *root.parents) if path.exists())
    disk = shutil.disk_usage(existing)
    memory = psutil.virtual_memory()
    chosen = device.resolve()
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {name: _version(name) for name in PACKAGES},
        "devices": device.available(),
        "device": chosen,
        "dtype": device.resolve_dtype("auto", chosen),
        "threads": torch.get_num_threads(),
        "memory_gb": round(memory.total / 1e9, 1),
        "memory_free_gb": round(memory.available / 1e9, 1),
        "results": str(root),
        "disk_free_gb": round(disk.free / 1e9, 1),
        "shapes": _has_embedded_model(),
        "advice": [
            *_advice_on_packages(),
            *_advice_on_device(chosen),
            *_advice_on(root, disk.free),
        ],
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _has_embedded_model() -> bool:
    return (SHAPES_FOLDER / "model_index.json").exists()


def _advice_on_packages() -> list[str]:
    missing = [name for name in PACKAGES if not _version(name)]
    advice = [f"{name} is not installed; install it with: pip install {name}" for name in missing]
    if not _has_embedded_model():
        advice.append("the embedded model's files are missing; install dwlab again")
    if sys.version_info[:2] > NEWEST_PYTHON:
        advice.append("this Python is newer than the tested ones (3.11 to 3.13)")
    return advice


def _advice_on_device(chosen: str) -> list[str]:
    if chosen != "cpu":
        return []
    advice = [
        "no GPU was found; the embedded model is fast on a CPU, large models take minutes per picture"
    ]
    faster = device.faster_dtype("cpu")
    if faster:
        advice.append(
            f"this CPU computes {faster} faster than float32: try dtype: {faster} for large models"
        )
    return advice


def _advice_on(root: Path, free: int) -> list[str]:
    """Advice on the results folder."""
    advice = []
    if free < LITTLE_DISK:
        advice.append(f"less than 5 GB are free for {root}; choose another folder with --results")
    if root.exists() and not os.access(root, os.W_OK):
        advice.append(f"{root} cannot be written to; choose another folder with --results")
    return advice


def as_text(report: dict[str, Any]) -> str:
    """The report for people."""
    facts = [(f"{name}:", _shown(value)) for name, value in report.items() if name != "advice"]
    advice = [f"-> {text}" for text in report["advice"]]
    return "\n".join([text_table(facts), *advice])


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version or 'missing'}" for name, version in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)
