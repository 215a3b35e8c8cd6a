"""What this machine offers dwlab, and what to do about what is missing."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
import sys
from typing import TYPE_CHECKING, Any

from .._util.text_table import text_table
from ..models import device
from ..paths import results_folder
from ..spec.catalog import SHAPES_FOLDER

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = (
    "dwlab", "torch", "diffusers", "transformers", "accelerate", "safetensors", "pillow", "pandas", "matplotlib",
    "papermill", "jupyterlab", "ipywidgets",
)  # fmt: skip


def examine(results: str | Path | None = None) -> dict[str, Any]:
    """Devices, versions, memory, disk and advice, as plain values."""
    import psutil
    import torch

    root = results_folder(results)
    disk = shutil.disk_usage(next(p for p in (root, *root.parents) if p.exists()))
    chosen = device.resolve()
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {name: _version(name) for name in PACKAGES},
        "devices": device.available(),
        "device": chosen,
        "dtype": device.resolve_dtype("auto", chosen),
        "threads": torch.get_num_threads(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "memory_free_gb": round(psutil.virtual_memory().available / 1e9, 1),
        "results": str(root),
        "disk_free_gb": round(disk.free / 1e9, 1),
        "shapes": (SHAPES_FOLDER / "model_index.json").exists(),
        "advice": _advice(chosen, disk.free, root),
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _advice(chosen: str, free: int, root: Path) -> list[str]:
    import os

    advice = [
        f"{name} is not installed; install it with: pip install {name}"
        for name in PACKAGES
        if not _version(name)
    ]
    if chosen == "cpu":
        advice.append(
            "no GPU was found; the embedded model is quick on a CPU, large models take minutes a picture"
        )
        if faster := device.faster_dtype("cpu"):
            advice.append(
                f"this CPU computes {faster} faster than float32: try dtype: {faster} for large models"
            )
    if free < 5e9:
        advice.append(f"less than 5 GB are free for {root}; choose another folder with --results")
    if root.exists() and not os.access(root, os.W_OK):
        advice.append(f"{root} cannot be written to; choose another folder with --results")
    if not (SHAPES_FOLDER / "model_index.json").exists():
        advice.append("the embedded model's files are missing; install dwlab again")
    if sys.version_info >= (3, 14):
        advice.append("this Python is newer than the tested ones (3.11 to 3.13)")
    return advice


def as_json(report: dict[str, Any]) -> str:
    """The report for programs."""
    return json.dumps(report, indent=1)


def as_text(report: dict[str, Any]) -> str:
    """The report for people."""
    facts = [(f"{name}:", _shown(value)) for name, value in report.items() if name != "advice"]
    advice = [f"-> {text}" for text in report["advice"]]
    return "\n".join([text_table(facts), *advice])


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version or 'missing'}" for name, version in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)
