"""viewer.html as a file: what lies in it, and that nothing of it is anybody's code."""

from __future__ import annotations

import io
import re
from urllib.parse import unquote

import pytest
from PIL import Image
from sweep_tables import HOSTILE, sweep_table
from views.viewer.viewer_pages import blocks, viewer

from dwlab.errors import InvalidInput
from dwlab.views.viewer import page
from dwlab.views.viewer.sheets import PER_SHEET


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return sweep_table(tmp_path_factory.mktemp("results"), seeds=tuple(range(10)), failed=(3,))


def test_the_file_asks_for_nothing_from_outside(table, tmp_path):
    text = viewer(table, tmp_path).read_text("utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", text)


def test_the_file_holds_the_thumbnail_of_every_picture(table, tmp_path):
    page_blocks = blocks(viewer(table, tmp_path))
    sizes = [size for sheet in page_blocks.json("document")["sizes"] for size in sheet]
    assert len(sizes) == len(table)
    assert [n for n, size in enumerate(sizes) if size == [0, 0]] == [3]
    sheet = Image.open(io.BytesIO(page_blocks.bytes("sheet-1")))
    side = page_blocks.json("document")["sheets"]["side"]
    square = sheet.crop((0, 0, *sizes[PER_SHEET])).convert("RGB")
    original = Image.open(f"{table.attrs['results']}/{table['image'][PER_SHEET]}")
    assert sheet.format == "WEBP" and sheet.width == 8 * side
    middle = (32, 32)
    assert square.getpixel(middle) == pytest.approx(original.getpixel(middle), abs=24)


def test_full_pictures_are_named_by_paths_relative_to_the_file(table, tmp_path):
    path = viewer(table, tmp_path)
    document = blocks(path).json("document")
    picture = path.parent / unquote(document["address"]) / document["images"][0]
    assert picture.resolve().is_file()


def test_full_pictures_can_be_embedded(table, tmp_path):
    page_blocks = blocks(viewer(table, tmp_path, embed=True))
    picture = f"{table.attrs['results']}/{table['image'][0]}"
    with open(picture, "rb") as file:  # noqa: PTH123
        assert page_blocks.bytes("picture-0") == file.read()
    assert "picture-3" not in page_blocks.data


def test_pictures_that_are_too_many_to_embed_are_refused(table, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "EMBEDDED_LIMIT", 100)
    with pytest.raises(InvalidInput, match="--embed"):
        viewer(table, tmp_path, embed=True)
    assert not (tmp_path / "views/viewer.html").exists()


def test_a_picture_outside_the_results_is_not_embedded(table, tmp_path):
    stolen = table.head(1).assign(image="../outside.png")
    (tmp_path / "outside.png").write_bytes(b"secret")
    stolen.attrs["results"] = str(tmp_path / "results")
    assert "picture-0" not in blocks(viewer(stolen, tmp_path, embed=True)).data


def test_hostile_prompts_are_data(tmp_path):
    table = sweep_table(tmp_path, HOSTILE, steps=(4,), guidance=(1.0,), seeds=(0,), failed=(1,))
    page_blocks = blocks(viewer(table, tmp_path))
    assert page_blocks.json("document")["prompts"]["values"] == list(HOSTILE)
    document = page_blocks.json("document")
    assert set(page_blocks.tags) == {
        "html", "head", "meta", "title", "style", "body", "main", "noscript", "script",
    }  # fmt: skip
    assert page_blocks.tags.count("script") == len(page_blocks.data) + 1
    assert document["states"]["values"] == ["out of memory"]


@pytest.mark.parametrize("rows", [0, 1])
def test_a_sweep_without_pictures_or_with_one_has_a_viewer(table, tmp_path, rows):
    document = blocks(viewer(table.head(rows), tmp_path)).json("document")
    assert document["count"] == rows and document["layout"] == {}
