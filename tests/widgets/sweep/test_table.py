"""A sweep as HTML in a notebook: small, and with every text escaped."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dwlab.runs.table import Table
from dwlab.widgets.small_pictures import image_html, png
from dwlab.widgets.sweep.facts import sweep_facts_html
from dwlab.widgets.sweep.files import files_html
from dwlab.widgets.sweep.grid import themed_grid
from dwlab.widgets.sweep.plots import figures, plots_html
from dwlab.widgets.sweep.table import thumbnails_html

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture
def noise(tmp_path):
    """A table of 300 pictures that compress badly, one of them failed, with hostile texts."""
    picture = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "noise.png")
    rows = [
        {
            "key": str(k), "experiment": HOSTILE, "model": "shapes", "prompt": HOSTILE, "seed": k % 100, "steps": 2,
            "word": (HOSTILE, "red", "blue")[k // 100], "status": "failed" if k == 1 else "ok", "device_seconds": 0.5,
            "error": HOSTILE if k == 1 else None, "image": None if k == 1 else "noise.png", "adherence": k % 7 / 7,
        }
        for k in range(300)
    ]  # fmt: skip
    table = Table(rows)
    table.attrs |= {
        "results": str(tmp_path),
        "axes": {"word": [HOSTILE, "red", "blue"], "seed": list(range(100))},
    }
    return table


@pytest.mark.slow
def test_html_for_a_notebook_is_small_however_large_the_sweep(noise):
    sheet = themed_grid(noise, HOSTILE)
    assert len(sheet._repr_html_()) + 4 / 3 * len(sheet._repr_jpeg_()) <= 200_000
    assert sheet._repr_png_() is None
    assert sum(map(len, sheet.for_page().values())) <= 150_000
    assert len(repr(sheet)) < 200
    assert len(thumbnails_html(noise)) <= 200_000
    assert "of 300 rows" in thumbnails_html(noise)
    assert all(len(png(figure)) <= 100_000 for figure in figures(noise).values())


def test_html_escapes_prompts_axes_errors_and_names(noise, tmp_path):
    (tmp_path / HOSTILE).touch()
    pieces = {
        "table": thumbnails_html(noise),
        "plots": plots_html(noise),
        "facts": sweep_facts_html(noise),
        "files": files_html({HOSTILE: tmp_path / HOSTILE}),
        "image": image_html(b"", HOSTILE),
    }
    for name, piece in pieces.items():
        assert "<img src=x" not in piece, name
        if name != "plots":
            assert "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;" in piece, name


def test_a_failed_row_says_why(noise):
    second = thumbnails_html(noise).split("<tr>")[3]
    assert second.startswith("<td>failed: &lt;img src=x")
