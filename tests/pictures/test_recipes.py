"""Recipes out of pictures: ours, other tools', and files that are neither."""

import dataclasses
import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dwlab.errors import InvalidInput
from dwlab.pictures import recipes
from dwlab.pictures.png import encode
from dwlab.spec import catalog
from dwlab.spec.params import GenerationParams


def png(**texts):
    info, buffer = PngInfo(), io.BytesIO()
    for name, text in texts.items():
        info.add_text(name, text)
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


PARAMS = GenerationParams(
    "a red, star: <b>\nSteps: 30, many",
    "blue",
    seed=7,
    steps=9,
    guidance=2.5,
    width=64,
    height=96,
    scheduler="DPM++ 2M Karras",
)
RECIPE = {"key": "k", "weights": "w" * 64, "dtype": "float32"}


def test_our_own_recipe_comes_back_whole():
    found = recipes.read(encode(Image.new("RGB", (8, 8)), PARAMS, RECIPE))
    assert GenerationParams(**{**found.values, "dtype": "auto"}) == PARAMS
    assert found.left_out == []


def test_the_text_for_other_tools_says_the_same():
    text = Image.open(io.BytesIO(encode(Image.new("RGB", (8, 8)), PARAMS, RECIPE))).info[
        "parameters"
    ]
    assert GenerationParams(**recipes.parse(text).values) == PARAMS


def test_a_text_of_another_tool_is_read_and_what_has_no_place_is_said():
    found = recipes.read(
        png(
            parameters="a lighthouse, (storm:1.2)\nat night\nNegative prompt: people,\nboats\n"
            "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x768, Model hash: abc, Model: some, "
            'Hires prompt: "a, b", Version: v1.9'
        )
    )
    assert found.values == {
        "prompt": "a lighthouse, (storm:1.2)\nat night",
        "negative_prompt": "people,\nboats",
        "steps": 20,
        "scheduler": "Euler a",
        "guidance": 7.0,
        "seed": 5,
        "width": 512,
        "height": 768,
        "model": "some",
    }
    assert found.left_out == ["Hires prompt: a, b", "Version: v1.9"]


def test_a_schedule_of_its_own_joins_the_sampler():
    found = recipes.parse("x\nSteps: 3, Sampler: DPM++ 2M, Schedule type: Karras, Seed: 1")
    assert found.values["scheduler"] == "DPM++ 2M Karras"


def test_an_unknown_sampler_and_a_broken_number_are_left_out():
    found = recipes.parse("x\nSteps: 3, Sampler: Restart++, CFG scale: high")
    assert found.values == {"prompt": "x", "steps": 3}
    assert found.left_out == ["Sampler: Restart++", "CFG scale: high"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + b"\0" * 40,
        png(),
        png(parameters="only words"),
        png(dwlab="[1]"),
        png(dwlab='{"params": 3}'),
        png(dwlab="[" * 5000),
        png(parameters="x" * (1 << 20) + "\nSteps: 3"),
        png(parameters="x\nSteps: 3")[:-20] and png()[:30],
    ],
)
def test_what_holds_no_recipe_is_refused_in_words(data):
    with pytest.raises(InvalidInput, match="picture"):
        recipes.read(data)


def test_a_huge_picture_is_not_decoded():
    import struct
    import zlib

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    data = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    end = b"IEND"
    data += struct.pack(">I", 0) + end + struct.pack(">I", zlib.crc32(end))
    with pytest.raises(InvalidInput, match="picture"):
        recipes.read(data)


def test_a_recipe_fits_a_model_as_far_as_it_goes():
    found = recipes.parse(
        "a dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 1024x768, Model: dreams, Version: 1"
    )
    params, left_out = found.fit("shapes")
    assert (params.prompt, params.steps, params.scheduler) == (
        "a dog",
        20,
        "EulerAncestralDiscreteScheduler",
    )
    assert (params.model, params.width, params.height) == ("shapes", 128, 128)
    assert [text.partition(" (")[0] for text in left_out] == [
        "Version: 1",
        "model: dreams",
        "width: 1024",
        "height: 768",
    ]


def test_another_tools_model_by_the_name_of_one_in_the_catalog_is_shown_and_not_chosen():
    params, left_out = recipes.parse("x\nSteps: 3, Size: 512x512, Model: sd15").fit("shapes")
    assert (params.model, params.width) == ("shapes", 512)
    assert left_out == ["model: sd15 (shapes stays; choose another in the controls)"]


def test_a_recipe_reads_as_a_line():
    assert (
        recipes.line(PARAMS.replace(prompt="").as_dict())
        == "(no prompt) · seed 7, 9 steps, guidance 2.5, DPM++ 2M Karras"
    )


def test_a_prompt_from_right_to_left_does_not_turn_around_the_rest_of_its_line():
    params = PARAMS.replace(prompt="\u202ea star")
    assert recipes.line(params.as_dict()).startswith("\u2068a star\u2069 · seed 7, 9 steps")


def test_a_line_leaves_out_what_only_a_models_files_tell():
    params = GenerationParams("a star", model="nobody/there", seed=3)
    assert recipes.line(params.as_dict()) == "a star · seed 3"


def test_a_line_of_blanks_is_read_in_no_time():
    found = recipes.parse("x\nSteps: 3, " + " " * 500_000 + "Seed: 4")
    assert found.values == {"prompt": "x", "steps": 3}  # the line is cut long before its end


def test_what_a_model_ignores_is_said(monkeypatch):
    monkeypatch.setitem(
        catalog.CATALOG,
        "fast",
        dataclasses.replace(catalog.CATALOG["shapes"], ignores=frozenset({"negative_prompt"})),
    )
    params, left_out = recipes.Recipe({"prompt": "a star", "negative_prompt": "blue"}).fit("fast")
    assert (params.negative_prompt, left_out) == ("", ["negative_prompt: blue"])
    assert (
        recipes.Recipe({"prompt": "a star", "negative_prompt": "", "model": "fast"}).fit("shapes")[
            1
        ]
        == []
    )


@pytest.mark.parametrize("skipped", [0, 1, 3])
def test_clip_skip_is_written_and_read_as_other_tools_count_it(skipped):
    params = PARAMS.replace(call={"clip_skip": skipped})
    image = Image.open(io.BytesIO(encode(Image.new("RGB", (8, 8)), params, RECIPE)))
    assert f"Clip skip: {skipped + 1}" in image.info["parameters"]
    read = recipes.parse(image.info["parameters"])
    assert read.values.get("call", {}) == ({"clip_skip": skipped} if skipped else {})
    assert read.left_out == []


def test_clip_skip_of_another_tool_is_left_out_where_it_means_something_else():
    recipe = recipes.parse("a dog\nSteps: 20, Sampler: Euler a, Clip skip: 2, Seed: 5")
    assert dict(recipe.fit("shapes")[0].call) == {"clip_skip": 1}
    params, left_out = recipe.fit("sdxl")
    assert not params.call
    assert left_out == ["clip_skip: 1"]
    for nonsense in ("0", "-1", "two"):
        read = recipes.parse(f"a dog\nSteps: 20, Sampler: Euler a, Clip skip: {nonsense}, Seed: 5")
        assert read.left_out == [f"Clip skip: {nonsense}"]


def test_weights_and_long_prompts_come_back_whole():
    params = PARAMS.replace(prompt_weighting="compel", long_prompt="chunk")
    read = recipes.read(encode(Image.new("RGB", (8, 8)), params, RECIPE))
    assert GenerationParams(**{**read.values, "dtype": "auto"}) == params
    assert read.left_out == []
