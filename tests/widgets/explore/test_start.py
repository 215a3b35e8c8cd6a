"""The start picture of the prompt bench, and the mask on it."""

import io

import numpy as np
import pytest
from PIL import Image
from widgets.explore.bench_use import ask, listed, wait

import dwlab
from dwlab.pictures import inputs
from dwlab.pictures.png import pixel_hash
from dwlab.pictures.recipes import FILE_LIMIT


def picture(width=64, height=64, seed=0):
    rows = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(rows)


def file_of(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def mask_of(box, size=(768, 768)):
    mask = Image.new("L", size)
    mask.paste(255, box)
    return file_of(mask)


def send(bench, do, data):
    bench._receive({"do": do}, [memoryview(data)])
    bench.start_picture.wait()


def stored_inputs(bench):
    return sorted(path.stem for path in (bench.root / "inputs").iterdir())


def test_a_dropped_picture_is_stored_and_named_by_its_hash(bench):
    image = picture()
    send(bench, "start", file_of(image))
    assert bench.problems == {}
    assert bench.params.image == f"sha256:{pixel_hash(image)}"
    assert stored_inputs(bench) == [pixel_hash(image)]
    assert bench.start["image"]["size"] == (64, 64)
    # the size is left to the picture, the strength to the model
    assert (bench.params.width, bench.params.strength, bench.start["strength"]) == (None, None, 0.8)


def test_a_picture_made_from_a_start_picture_is_that_of_generate(bench):
    image = picture()
    send(bench, "start", file_of(image))
    bench.controls = {**bench.controls, "strength": 0.5, "steps": 4}
    ask(bench, "run")
    wait(bench)
    alone = dwlab.generate("a star", image=image, strength=0.5, steps=4, seed=1)
    assert bench.image.tobytes() == alone.image.tobytes()
    assert "from a picture at strength 0.5" in listed(bench)[0]["text"]


def test_a_painted_mask_is_white_where_the_picture_changes(bench):
    image = picture()
    send(bench, "start", file_of(image))
    send(bench, "mask", mask_of((0, 0, 384, 768)))
    mask = inputs.stored(bench.root, bench.params.mask.removeprefix("sha256:"))
    assert mask.size == image.size
    assert np.asarray(mask)[:, :32].min() == 255
    assert np.asarray(mask)[:, 32:].max() == 0
    bench.controls = {**bench.controls, "steps": 4}
    ask(bench, "run")
    wait(bench)
    alone = dwlab.generate("a star", image=image, mask=mask, steps=4, seed=1)
    assert bench.image.tobytes() == alone.image.tobytes()


def test_a_mask_without_white_is_none(bench):
    send(bench, "start", file_of(picture()))
    send(bench, "mask", mask_of((0, 0, 384, 384)))
    assert bench.params.mask
    send(bench, "mask", mask_of((0, 0, 0, 0)))
    assert bench.params.mask is None
    send(bench, "mask", mask_of((0, 0, 384, 384)))
    ask(bench, "mask_remove")
    assert bench.params.mask is None


def test_the_mask_stays_for_another_picture_of_the_same_size_only(bench):
    send(bench, "start", file_of(picture()))
    send(bench, "mask", mask_of((0, 0, 384, 384)))
    send(bench, "start", file_of(picture(seed=1)))
    assert bench.params.mask
    send(bench, "start", file_of(picture(72, 64)))
    assert bench.params.mask is None


def test_a_mask_without_a_picture_to_paint_on_is_refused(bench):
    send(bench, "mask", mask_of((0, 0, 384, 384)))
    assert "left out without a start picture" in bench.problems[""]


def test_clearing_the_start_picture_brings_back_the_size_and_starts_from_noise(bench):
    send(bench, "start", file_of(picture()))
    bench.controls = {**bench.controls, "strength": 0.5, "mask_blur": 3}
    assert bench.params.mask_blur is None
    ask(bench, "start_clear")
    assert (bench.params.image, bench.params.strength) == (None, None)
    assert (bench.controls["width"], bench.controls["height"]) == (128, 128)


def test_a_picture_of_the_history_can_be_the_start(bench):
    ask(bench, "run")
    wait(bench)
    made = bench.image
    ask(bench, "start_from", key=listed(bench)[0]["key"])
    bench.start_picture.wait()
    assert bench.params.image == f"sha256:{pixel_hash(made)}"
    ask(bench, "start_from", key="no such key")
    assert "key" in bench.problems[""]


def test_the_history_restores_the_start_picture_and_mask_of_a_recipe(bench):
    send(bench, "start", file_of(picture()))
    send(bench, "mask", mask_of((0, 0, 384, 384)))
    bench.controls = {**bench.controls, "strength": 0.7, "mask_padding": 8, "mask_blur": 2}
    expected = (bench.params.image, bench.params.mask)
    ask(bench, "run")
    wait(bench)
    ask(bench, "start_clear")
    bench.page = {"chosen": listed(bench)[0]["key"]}
    ask(bench, "restore", key=listed(bench)[0]["key"])
    restored = bench.params
    assert (restored.image, restored.mask) == expected
    assert (restored.strength, restored.mask_padding, restored.mask_blur) == (0.7, 8, 2)
    assert set(bench.inputs) == set(expected)
    assert all(src.startswith("data:image/") for src in bench.inputs.values())


def test_a_recipe_without_a_start_picture_takes_it_away(bench):
    ask(bench, "run")
    wait(bench)
    send(bench, "start", file_of(picture()))
    ask(bench, "restore", key=listed(bench)[0]["key"])
    assert bench.params.image is None


def test_picture_mask_and_strength_come_back_after_a_kernel_restart(bench):
    send(bench, "start", file_of(picture()))
    send(bench, "mask", mask_of((0, 0, 384, 384)))
    bench.controls = {**bench.controls, "strength": 0.4}
    again = dwlab.explore()
    assert again.params == bench.params
    assert again.start == bench.start
    assert again.problems == {}


@pytest.mark.parametrize(
    "saved",
    [
        '"x"',
        '{"image": "/etc/passwd"}',
        '{"image": "sha256:../x", "mask": []}',
        '{"mask": "sha256:%s"}' % ("a" * 64),
    ],
)
def test_a_garbled_start_picture_in_the_state_file_is_none(bench, saved):
    bench.controls = {**bench.controls, "prompt": "another"}
    (kept,) = (bench.root / ".panels").iterdir()
    kept.write_text(f'{{"start": {saved}}}')
    again = dwlab.explore()
    assert again.start["image"] == {} and again.start["mask"] == {}
    assert again.params.image is None


def test_a_start_picture_that_is_gone_is_said_in_words_and_nothing_runs(bench):
    send(bench, "start", file_of(picture()))
    (path,) = (bench.root / "inputs").iterdir()
    path.unlink()
    again = dwlab.explore()
    assert "is not in the results folder" in again.problems["image"]
    ask(again, "start_clear")
    assert again.problems == {}


@pytest.mark.parametrize(
    "data",
    [b"no picture", b"", file_of(picture(), "BMP"), file_of(picture())[:200]],
    ids=["text", "nothing", "another format", "cut off"],
)
def test_what_is_no_picture_is_refused_in_words_and_the_old_one_stays(bench, data):
    send(bench, "start", file_of(picture()))
    before = bench.params
    send(bench, "start", data)
    assert "a PNG, JPEG or WebP picture" in bench.start["complaint"]
    assert bench.params == before and bench.problems == {}
    send(bench, "start", file_of(picture(seed=2)))
    assert bench.start["complaint"] == ""


def test_a_file_that_is_too_large_is_refused_in_words(bench):
    send(bench, "start", b"\x89PNG" + bytes(FILE_LIMIT))
    assert "at most 9 MiB" in bench.problems[""]
    assert bench.start["image"] == {}


def test_a_photograph_is_turned_as_its_exif_says(bench):
    exif = Image.Exif()
    exif[0x0112] = 6
    send(bench, "start", file_of(picture(96, 64), "JPEG", exif=exif))
    assert bench.start["image"]["size"] == (64, 96)


def test_a_sweep_around_the_controls_starts_from_the_picture_too(bench):
    assert "strength" not in bench.offer["swept"]
    send(bench, "start", file_of(picture()))
    assert "strength" in bench.offer["swept"]
    ask(bench, "sweep", name="from-a-picture", axes={"strength": "0.5, 1"}, action="write")
    assert "2 cells" in bench.plan["counts"]
    written = dwlab.Sweep.from_yaml(bench.project / "experiments/from-a-picture.yaml")
    recipes = [cell.params for cell in written.cells()]
    assert [recipe.strength for recipe in recipes] == [0.5, 1.0]
    assert {recipe.image for recipe in recipes} == {bench.params.image}
    # another start picture is another sweep
    send(bench, "start", file_of(picture(seed=1)))
    assert bench.plan == {}


def test_a_wrong_strength_is_reported_below_its_field(bench):
    bench.controls = {**bench.controls, "strength": 7}
    # nothing starts from a picture, so it is not used
    assert bench.problems == {}
    send(bench, "start", file_of(picture()))
    assert set(bench.problems) == {"strength"}


def test_a_model_without_image_to_image_says_so_and_leaves_the_picture_out(bench, text_model):
    send(bench, "start", file_of(picture()))
    bench.controls = {**bench.controls, "model": text_model}
    assert "from a text only" in bench.start["note"]
    assert set(bench.start["off"]) == {"image", "mask", "strength", "mask_padding"}
    assert bench.params.image is None and bench.problems == {}
    bench.controls = {**bench.controls, "model": "shapes"}
    assert bench.params.image


@pytest.fixture
def text_model(tmp_path):
    """The folder of a model of a family without image-to-image; only its index is there."""
    folder = tmp_path / "text-only"
    folder.mkdir()
    (folder / "model_index.json").write_text('{"_class_name": "CogView4Pipeline"}')
    return str(folder)
