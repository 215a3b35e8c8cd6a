"""Pictures that recipes start from are read with care, known by their pixels, and stored once."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import dwlab
from dwlab.errors import InvalidInput
from dwlab.pictures import inputs
from dwlab.pictures.inputs import Inputs
from dwlab.pictures.png import PIXEL_LIMIT, pixel_hash


@pytest.fixture
def picture():
    pixels = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def saved(picture, path, **options):
    picture.save(path, **options)
    return str(path)


def test_a_picture_is_stored_once_under_the_hash_of_its_pixels(tmp_path, picture):
    shelf = Inputs(tmp_path / "results", write=True)
    png = shelf.take("image", saved(picture, tmp_path / "a.png"))
    webp = shelf.take("image", saved(picture, tmp_path / "b.webp", lossless=True))
    assert png == webp and png.size == (20, 12)
    (stored,) = (tmp_path / "results/inputs").iterdir()
    assert png.reference == f"sha256:{stored.stem}" == f"sha256:{pixel_hash(picture)}"
    assert inputs.is_whole(stored)
    assert shelf.picture(png.reference).tobytes() == picture.tobytes()
    later = Inputs(tmp_path / "results")
    assert later.take("image", png.reference) == png
    assert later.picture(png.reference).tobytes() == picture.tobytes()


def test_without_writing_a_picture_comes_from_its_file_and_must_not_change(tmp_path, picture):
    path = saved(picture, tmp_path / "a.png")
    shelf = Inputs(tmp_path / "results")
    taken = shelf.take("image", path)
    assert not (tmp_path / "results").exists()
    saved(picture.rotate(180), tmp_path / "a.png")
    with pytest.raises(InvalidInput, match="does not change while pictures are made"):
        shelf.picture(taken.reference)
    assert Inputs(tmp_path).take("image", path) != taken


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16", "1"])
def test_other_kinds_of_pixels_become_rgb(tmp_path, picture, mode):
    if mode == "I;16":
        source = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    else:
        source = picture.convert(mode)
    path = saved(source, tmp_path / ("a.jpg" if mode == "CMYK" else "a.png"))
    read = inputs.read_file("image", tmp_path / path)
    expected = picture.convert("L") if mode == "I;16" else Image.open(path)
    assert read.mode == "RGB" and not read.info
    assert read.tobytes() == expected.convert("RGB").tobytes()


def test_a_picture_is_turned_as_its_exif_says(tmp_path, picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(picture, tmp_path / "a.png", exif=exif)
    read = inputs.read_file("image", tmp_path / path)
    assert read.size == (12, 20)
    assert read.tobytes() == picture.transpose(Image.Transpose.ROTATE_270).tobytes()


def huge_png():
    """A PNG whose header promises more pixels than are allowed."""
    header = struct.pack(">IIBBBBB", PIXEL_LIMIT, 2, 8, 2, 0, 0, 0)
    body = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def gif(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "GIF")
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["text", "gif", "huge", "cut", "empty"])
def test_what_is_not_a_picture_of_an_allowed_kind_is_refused(tmp_path, picture, kind):
    saved(picture, tmp_path / "whole.png")
    data = {
        "text": b"not a picture",
        "gif": gif(picture),
        "huge": huge_png(),
        "cut": (tmp_path / "whole.png").read_bytes()[:-200],
        "empty": b"",
    }[kind]
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match="a PNG, JPEG or WebP picture of at most 64,000,000"):
        Inputs(tmp_path).take("image", str(path))


def test_a_stored_picture_that_is_gone_or_damaged_is_named(tmp_path, picture):
    shelf = Inputs(tmp_path, write=True)
    taken = shelf.take("image", saved(picture, tmp_path / "a.png"))
    (stored,) = (tmp_path / "inputs").iterdir()
    saved(picture.rotate(180), stored)
    with pytest.raises(InvalidInput, match="this one is damaged"):
        Inputs(tmp_path).take("image", taken.reference)
    stored.unlink()
    with pytest.raises(InvalidInput, match=r"not there.*give the picture's file instead"):
        Inputs(tmp_path).take("image", taken.reference)


def test_a_picture_in_memory_is_taken_as_a_file_is(tmp_path, picture):
    params = dwlab.GenerationParams("a star", image=picture, strength=0.5)
    taken = Inputs(tmp_path).take("image", params.image)
    assert taken.reference == f"sha256:{pixel_hash(picture)}"
    assert params.as_dict()["image"] == "a picture in memory"
