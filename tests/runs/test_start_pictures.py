"""A sweep whose cells start from pictures: keys, rows, files, progress, and the same again from a row."""

from __future__ import annotations

import io
import json
import shutil
import threading

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import dwlab
from dwlab import shapes
from dwlab.analysis.axes import swept
from dwlab.errors import InvalidInput
from dwlab.pictures import recipes
from dwlab.pictures.png import read_recipe
from dwlab.runs.generation import stream
from dwlab.runs.results import Results
from dwlab.runs.sweep import Sweep
from dwlab.spec.params import GenerationParams
from dwlab.spec.rows import rows_of
from dwlab.store.integrity import verify
from dwlab.views.report.python_recipe import recipe

STEPS = 4


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder with two drawings."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, colour in (("b.png", "blue"), ("a.png", "red")):
        Image.new("RGB", (64, 64), colour).save(folder / name)
    return folder


def sweep(pictures, **axes):
    base = {"prompt": "a green star", "steps": STEPS}
    return Sweep(
        "start", base=base, axes={"image": {"folder": str(pictures)}, "strength": [0.5, 1.0]} | axes
    )


@pytest.fixture(scope="module")
def done(pictures, tmp_path_factory):
    """A results folder in which the sweep ran, and its table."""
    root = tmp_path_factory.mktemp("results")
    spec = sweep(pictures)
    plan = spec.plan(root)
    assert (plan.cells, plan.done) == (4, 0)
    assert not (root / "inputs").exists()
    table = spec.run(root, device="cpu")
    assert list(table["status"]) == ["ok"] * 4
    return root, table


def test_the_same_cells_are_not_made_again_wherever_the_pictures_lie(pictures, done, tmp_path):
    root, table = done
    assert sweep(pictures).plan(root).todo == 0
    moved = shutil.copytree(pictures, tmp_path / "elsewhere")
    again = sweep(moved)
    assert again.plan(root).todo == 0
    references = [f"sha256:{path[7:-4]}" for path in table["input_image"].unique()]
    assert sweep(moved, image=references).plan(root).todo == 0


def test_the_table_names_pictures_by_their_files_and_keeps_them_by_their_hash(done):
    root, table = done
    for path in table["input_image"]:
        assert (root / path).is_file()
    start, strength = swept(table)
    assert (start.name, start.values) == ("input_image", ["a.png", "b.png"])
    assert strength.values == [0.5, 1.0]
    assert table["image"].nunique() == 4
    stored = list((root / "inputs").iterdir())
    assert len(stored) == 2


def test_a_row_and_a_png_make_the_same_picture_again(done, tmp_path, monkeypatch):
    root, table = done
    row = table.to_dict("records")[0]
    png = root / row["image"]
    with Image.open(png) as opened:
        assert "Denoising strength: 0.5" in opened.info["parameters"]
    params = read_recipe(png)["params"]
    assert params["image"] == f"sha256:{row['input_image'][7:-4]}"
    read, left_out = recipes.read(png.read_bytes()).fit("shapes")
    assert (read.image, read.strength, left_out) == (params["image"], 0.5, [])
    monkeypatch.setenv("DWLAB_RESULTS", str(root))
    again = eval(recipe(row), {"dwlab": dwlab})  # what the report shows
    assert again.key == row["key"]
    monkeypatch.setenv("DWLAB_RESULTS", str(tmp_path))
    with pytest.raises(InvalidInput, match="not there"):
        eval(recipe(row), {"dwlab": dwlab})


def test_a_picture_that_names_a_file_of_this_machine_is_not_believed(pictures):
    path = str(pictures / "a.png")
    text = PngInfo()
    text.add_text("dwlab", json.dumps({"params": {"prompt": "a star", "image": path}}))
    written = io.BytesIO()
    Image.new("RGB", (8, 8)).save(written, "PNG", pnginfo=text)
    params, left_out = recipes.read(written.getvalue()).fit("shapes")
    assert params.image is None
    assert left_out == [f"image: {path}"]


def test_steps_and_rows_are_those_that_run(pictures):
    cells = [
        GenerationParams("a star", image=str(pictures / "a.png"), strength=strength, steps=10)
        for strength in (0.3, 0.75, 1.0)
    ]
    events = list(stream(cells, device="cpu", pack=1))
    steps = [event for event in events if event.kind == "step"]
    for index, expected in enumerate((3, 7, 10)):
        own = [event for event in steps if event.index == index]
        assert [event.step for event in own] == list(range(1, expected + 1))
        assert {event.steps for event in own} == {expected}
        assert rows_of(own[0].params) == 2 * expected
        assert own[0].preview() is not None


def test_cancelling_ends_within_a_step(pictures, in_step):
    cancel = threading.Event()
    seen = []
    cells = [
        GenerationParams("a star", image=str(pictures / "a.png"), strength=0.8, seed=seed)
        for seed in range(3)
    ]
    for event in stream(cells, device="cpu", cancel=cancel):
        seen.append(event.kind)
        if event.kind == "step":
            cancel.set()
    assert "done" not in seen and seen.count("step") <= len(cells)


def test_the_picture_follows_its_start_the_less_strength_there_is(pictures):
    rng = np.random.default_rng(3)
    start = shapes.draw(shapes.random_scene(rng), rng)
    made = [
        dwlab.generate("a star", image=start, strength=strength, steps=20, device="cpu")
        for strength in (0.1, 0.9)
    ]
    assert all(picture.image.size == start.size for picture in made)
    near, far = (distance(picture.image, start) for picture in made)
    assert near < far


def distance(picture, other):
    pairs = zip(picture.tobytes(), other.convert("RGB").tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strength": 0.1, "steps": 4}, "at least 0.25: of 4 steps this leaves none to run"),
        ({"width": 60}, "multiple of 8"),
        ({"model": "sd15-geometry", "width": 64, "height": 64}, "can do text-to-image only"),
    ],
)
def test_what_cannot_be_is_refused_before_a_model_loads(pictures, changes, message, tmp_path):
    base = {"prompt": "a star", "image": str(pictures / "a.png"), **changes}
    with pytest.raises(InvalidInput, match=message):
        Sweep("refused", base=base).plan(tmp_path, device="cpu")


def test_verify_knows_the_pictures_that_cells_start_from(pictures, done, tmp_path):
    root = shutil.copytree(done[0], tmp_path / "results")
    assert verify(root).good and verify(root, "start").pictures == 6
    first, second = sorted((root / "inputs").iterdir())
    first.unlink()
    second.write_bytes(second.read_bytes()[:-40])
    report = verify(root)
    assert report.missing == [f"inputs/{first.name}"]
    assert report.damaged == [f"inputs/{second.name}"]
    sweep(pictures).run(root, device="cpu")
    assert verify(root).good


def test_a_table_without_start_pictures_has_no_columns_for_them(tmp_path):
    assert not {"input_image", "strength", "mask"} & {*Results(tmp_path).table().columns}
