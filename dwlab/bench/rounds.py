"""Make one row of a benchmark file from the rounds of a configuration."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ..models import device
from .timing import summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .configuration import Configuration
    from .files import Document


def merge(configuration: Configuration, rounds: Sequence[Document]) -> Document:
    """The row of a configuration; if any round went wrong, a row that says what happened."""
    for measured in rounds:
        if "phases" not in measured:
            return _failed_row(configuration, measured)
    first = rounds[0]
    phases: Document = {}
    for name in first["phases"]:
        phases[name] = summary([measured["phases"][name] for measured in rounds])
    seconds = phases["end_to_end"]["median_s"]
    matmul = max(measured["matmul_tflops"] for measured in rounds)
    operations = first["tera_operations"]
    tflops = operations / seconds if operations else operations
    return {
        **first,
        "id": configuration.id,
        "status": _status(rounds),
        "error": None,
        "phases": phases,
        "device_s": _device_seconds(rounds),
        "images_per_s": configuration.batch / seconds,
        "steps_per_s": 1 / phases["step"]["median_s"],
        "tflops": tflops,
        "matmul_tflops": matmul,
        "matmul_share": tflops / matmul if tflops else tflops,
    }


def _status(rounds: Sequence[Document]) -> str:
    """The first status other than ok; suspect if all are ok but the self-checks failed."""
    for measured in rounds:
        if measured["status"] != "ok":
            return str(measured["status"])
    return "ok" if rounds[0]["checks"]["ok"] else "suspect"


def _device_seconds(rounds: Sequence[Document]) -> list[float] | None:
    seconds: list[float] = []
    for measured in rounds:
        seconds += measured["device_s"]
    return seconds or None


def _failed_row(configuration: Configuration, measured: Document) -> Document:
    params = configuration.params
    return {
        "id": configuration.id,
        "utc": measured.get("utc", ""),
        "status": measured["status"],
        "error": measured.get("error"),
        "workload": {
            "model": configuration.model_name,
            "width": params.width or 512,
            "height": params.height or 512,
            "steps": params.steps,
            "batch": configuration.batch,
        },
        "device": configuration.device,
        "dtype": device.resolve_dtype(params.dtype, configuration.device),
        "settings": asdict(configuration.settings),
    }
