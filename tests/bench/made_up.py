"""Configurations and benchmark files that tests make up."""

from __future__ import annotations

from dwlab.bench import files
from dwlab.bench.configuration import Configuration
from dwlab.bench.timing import summary
from dwlab.models.settings import STOCK
from dwlab.spec.params import GenerationParams


def configuration(batch=1, settings=STOCK, **params):
    return Configuration(
        GenerationParams(
            **{"prompt": "a red star", "width": 64, "height": 64, "steps": 2, **params}
        ),
        "cpu",
        batch,
        settings,
    )


def phase(*rounds):
    return summary([list(samples) for samples in rounds])


def row(
    seconds=1.0, *, device="cpu", dtype="float32", batch=1, status="ok", distance=0.0, **workload
):
    asked = {
        "model": "shapes",
        "width": 128,
        "height": 128,
        "steps": 20,
        "batch": batch,
        "prompt": "p",
        **workload,
    }
    settings = {
        "attention": "auto",
        "compile": "none",
        "channels_last": False,
        "slicing": "none",
        "offload": "none",
    }
    return {
        "id": f"{device}{dtype}{batch}{seconds}",
        "status": status,
        "error": None,
        "workload": asked,
        "device": device,
        "dtype": dtype,
        "settings": {**settings, "threads": 2},
        "images_per_s": batch / seconds,
        "phases": {
            "end_to_end": phase([seconds, seconds * 1.02], [seconds * 0.98]),
            "prompt": phase([0.1]),
            "step": phase([0.04 * seconds] * 3),
            "decode": phase([0.1]),
        },
        "parity": {"ok": status == "ok", "denoiser": distance},
    }


def document(*rows, torch="2.13.0", device="cpu", name="A CPU", cores=None):
    system = {
        "cpu": "A CPU",
        "cores": cores,
        "versions": {"torch": torch},
        "devices": {device: {"name": name}},
    }
    return {"schema": 1, "system": system, "rows": list(rows)}


def save(folder, stem, *rows, **more):
    return files.save(folder / f"{stem}.json", document(*rows, **more))
