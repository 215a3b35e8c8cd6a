"""Metrics of a user's own for tests: a file of them, and an installed package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MINE = '''
"""Metrics of mine."""

import numpy as np

import dwlab
from weights import RED

LOW = -1


@dwlab.metric(version=1, batch=5, better="higher", bounds=(LOW, 1), unit="share", margin=0.2)
def redness(pictures, cells):
    """How much redder pictures are than grey."""
    means = [np.asarray(picture).mean(axis=(0, 1)) / 255 for picture in pictures]
    return [RED * (red - (green + blue) / 2) for red, green, blue in means]


@dwlab.metric(better="lower")
def drift(pictures, cells, references):
    """How far the means of pictures and references are apart."""
    pairs = zip(pictures, references, strict=True)
    return np.array([abs(np.mean(one) - np.mean(other)) for one, other in pairs])


@dwlab.metric
def recipe(pictures, cells, *, device):
    assert device == "cpu"
    return [cell.steps + 100 * cell.seed + (1000 if "red" in cell.prompt else 0) for cell in cells]


@dwlab.metric(batch=4)
def moody(pictures, cells):
    """No value for some cells, for three reasons."""
    if any(cell.seed == 1 for cell in cells):
        raise RuntimeError("not to my liking")
    if any(cell.seed == 2 for cell in cells):
        raise SystemExit(3)
    return [None if cell.steps == 2 else float("nan") if "red" in cell.prompt else 1 for cell in cells]


@dwlab.metric(bounds=(0, 1))
def outside(pictures, cells):
    return [2.0] * len(pictures)


@dwlab.metric
def short(pictures, cells):
    return 1.0


def helper(pictures, cells):
    return None
'''
PACKAGED = """
import neighbour

import dwlab


@dwlab.metric(version=3, better="lower")
def area(pictures, cells):
    return [picture.width * picture.height for picture in pictures]


def no_metric(pictures, cells):
    return []
"""


def metric_file(folder: Path, text: str = MINE) -> Path:
    """A file with metrics, beside a module that it imports."""
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "weights.py").write_text("RED = 1.0\n", "utf-8")
    path = folder / "mine.py"
    path.write_text(text, "utf-8")
    return path


def install_package(folder: Path) -> Path:
    """A folder like site-packages, in which a package offers metrics. It belongs on sys.path."""
    package = folder / "site-packages"
    info = package / "beauty-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: beauty\nVersion: 1.2\n", "utf-8")
    points = "[dwlab.metrics]\narea = beauty_of_pictures:area\nplain = beauty_of_pictures:no_metric\ngone = no_such_module:f\n"
    (info / "entry_points.txt").write_text(points, "utf-8")
    (package / "neighbour.py").write_text("VALUE = 1\n", "utf-8")
    (package / "beauty_of_pictures.py").write_text(PACKAGED, "utf-8")
    return package
