"""The parity gate: how far a configuration's numbers are from those of the CPU in float32."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file, save_file

from .._util.atomic import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from .configuration import Configuration
    from .files import Document
    from .probe import Probe

# The largest relative L2 distance of the denoiser's first output. float32 differs by the order of
# sums, and by TF32 on some GPUs; half precision by its rounding, eps 2^-11 and 2^-8, which grows
# through some hundred layers.
DENOISER = {"float32": 2e-3, "float16": 2e-2, "bfloat16": 8e-2}
# The smallest peak signal-to-noise ratio of the finished picture, in dB: 48 is one step of 8 bits
# everywhere. Rounding in half precision moves an edge here and there, which a person does not see.
PICTURE = {"float32": 45.0, "float16": 25.0, "bfloat16": 20.0}
# Pixels up to which a whole picture on the CPU is cheap.
SMALL = 256 * 256


def kind_for(parity: str, configuration: Configuration, *, random: bool) -> str:
    """What is compared: picture, denoiser or none.

    parity: what the benchmark says. random: whether the weights of the model are.
    """
    if parity != "auto":
        return parity
    params = configuration.params
    pixels = (params.width or 512) * (params.height or 512)
    return "picture" if pixels <= SMALL and not random else "denoiser"


def save_reference(path: Path, probe: Probe, kind: str) -> None:
    """Keep the first sample's denoiser output, and its picture if pictures are compared."""
    arrays = {"denoiser": np.ascontiguousarray(probe.denoised, np.float32)}
    if kind == "picture":
        arrays["picture"] = np.ascontiguousarray(probe.pictures[0], np.float32)
    with replacing(path) as temporary:
        save_file(arrays, temporary)


def compare(path: Path, probe: Probe, dtype: str) -> Document:
    """How far a run's first sample is from the reference: the `parity` of a row.

    The distances, their tolerances, and whether both are kept.
    """
    reference = load_file(path)
    denoiser = distance(probe.denoised, reference["denoiser"])
    distances: Document = {"denoiser": denoiser, "denoiser_tolerance": DENOISER[dtype]}
    is_close = denoiser <= DENOISER[dtype]
    if "picture" in reference:
        decibels = psnr(probe.pictures[0], reference["picture"])
        distances["picture_db"] = decibels
        distances["picture_tolerance_db"] = PICTURE[dtype]
        is_close &= decibels is None or decibels >= PICTURE[dtype]
    distances["ok"] = bool(is_close)
    return distances


def distance(array: np.ndarray, reference: np.ndarray) -> float:
    """|array - reference| / |reference|, Euclidean norms over all elements."""
    difference = array.astype(np.float64) - reference
    return float(np.linalg.norm(difference) / np.linalg.norm(reference.astype(np.float64)))


def psnr(picture: np.ndarray, reference: np.ndarray) -> float | None:
    """Peak signal-to-noise ratio in dB of pictures with values 0..1; None if they are equal."""
    error = float(np.mean((picture.astype(np.float64) - reference) ** 2))
    return -10 * math.log10(error) if error else None
