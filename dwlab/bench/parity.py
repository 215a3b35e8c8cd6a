"""The parity gate: how far a configuration's numbers are from those of the CPU in float32."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load_file, save_file

from .._util.atomic import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from .spec import Configuration
    from .timed_calls import Probe

# Relative L2 distance of the denoiser's first output. float32 differs by the order of sums, and by TF32 on some GPUs;
# half precision by its rounding, eps 2^-11 and 2^-8, grown through some hundred layers.
DENOISER = {"float32": 2e-3, "float16": 2e-2, "bfloat16": 8e-2}
# Peak signal-to-noise ratio of the finished picture in dB: 48 is one step of 8 bits everywhere. Rounding of half
# precision moves an edge here and there, which a person does not see.
PICTURE = {"float32": 45.0, "float16": 25.0, "bfloat16": 20.0}
SMALL = 256 * 256  # pixels up to which a whole picture on the CPU is cheap


def kind_for(wanted: str, configuration: Configuration, *, random: bool) -> str:
    """What is compared: picture, denoiser or none."""
    if wanted != "auto":
        return wanted
    params = configuration.params
    small = (params.width or 512) * (params.height or 512) <= SMALL
    return "picture" if small and not random else "denoiser"


def save_reference(path: Path, probe: Probe, kind: str) -> None:
    """Keep what the reference run gave: the first sample's denoiser output, and its picture where that is compared."""
    arrays = {"denoiser": probe.denoised}
    if kind == "picture":
        arrays["picture"] = probe.pictures[0]
    with replacing(path) as temporary:
        save_file(
            {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()},
            temporary,
        )


def compare(path: Path, probe: Probe, dtype: str) -> dict[str, Any]:
    """The distances of a run's first sample from the reference, their tolerances, and whether both are kept."""
    reference = load_file(path)
    difference = distance(probe.denoised, reference["denoiser"])
    found: dict[str, Any] = {"denoiser": difference, "denoiser_tolerance": DENOISER[dtype]}
    ok = difference <= DENOISER[dtype]
    if "picture" in reference:
        decibels = psnr(probe.pictures[0], reference["picture"])
        found |= {"picture_db": decibels, "picture_tolerance_db": PICTURE[dtype]}
        ok &= decibels is None or decibels >= PICTURE[dtype]
    return {**found, "ok": bool(ok)}


def distance(found: np.ndarray, reference: np.ndarray) -> float:
    """|found - reference| / |reference|, Euclidean norms over all elements."""
    return float(
        np.linalg.norm(found.astype(np.float64) - reference)
        / np.linalg.norm(reference.astype(np.float64))
    )


def psnr(found: np.ndarray, reference: np.ndarray) -> float | None:
    """Peak signal-to-noise ratio in dB of pictures with values 0..1; None where they are equal."""
    error = float(np.mean((found.astype(np.float64) - reference) ** 2))
    return -10 * math.log10(error) if error else None
