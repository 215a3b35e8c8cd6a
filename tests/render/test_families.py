"""Every family's pictures are those of the plain stock call, alone and packed in mixed company; what is unknown is not packed."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import logging

import diffusers
import pytest
import torch
from counting import Rows
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0
from family_pictures import (
    NO_NEGATIVE,
    OMITTED,
    PACKED,
    PAG,
    built,
    check_rough_pictures_of_one_that_is_left,
    difference,
    marked,
)

import dwlab
from dwlab.bench.engine import engines
from dwlab.errors import InvalidInput
from dwlab.events import Failed
from dwlab.models.identity import identify, omission_of
from dwlab.models.settings import denoiser_of
from dwlab.pictures.png import read_recipe
from dwlab.render import call
from dwlab.render.packing import calls
from dwlab.render.packing.refusal import refusal
from dwlab.runs.resolve import resolve
from dwlab.runs.sweep import Sweep
from dwlab.spec import catalog, families
from dwlab.spec.params import GenerationParams


@pytest.mark.parametrize("name", marked([*PACKED, *PAG]))
def test_a_picture_made_alone_is_that_of_the_plain_stock_call(family, name):
    one = family(name)
    for picture, expected in zip(one.made(one.cells, pack=1), one.stock_pictures, strict=True):
        assert difference(picture.image, expected) <= 1
    assert (
        len({picture.tobytes() for picture in one.stock_pictures}) > 2
    )  # prompts, seeds and guidance tell


@pytest.mark.parametrize("name", marked(PACKED))
def test_packed_in_mixed_company_it_is_so_too(family, name):
    one = family(name)
    assert refusal(one.model.pipeline, "cpu") is None
    with Rows(denoiser_of(one.model.pipeline)) as rows:
        pictures = one.made(one.cells)
    assert max(rows) > 2
    assert (
        max(difference(p.image, q) for p, q in zip(pictures, one.stock_pictures, strict=True)) <= 1
    )


@pytest.mark.parametrize("name", marked(PACKED))
def test_in_exact_mode_company_order_and_split_change_no_byte(family, name):
    one = family(name)
    together = [picture.png() for picture in one.made(one.cells, exact=8)]
    backwards = [picture.png() for picture in one.made(one.cells[::-1], exact=8)]
    assert backwards[::-1] == together
    last = len(one.cells) - 1
    for chosen in ([1], [last], [last, 1, 2]):
        assert [p.png() for p in one.made([one.cells[k] for k in chosen], exact=8)] == [
            together[k] for k in chosen
        ]


@pytest.mark.parametrize("name", ["cogview4", pytest.param("lumina2", marks=pytest.mark.slow)])
def test_families_that_ask_twice_per_step_share_both_questions_of_the_first(family, name):
    one = family(name)
    cells = [one.cells[1].replace(guidance=guidance) for guidance in (3.0, 5.0, 8.0)]
    denoiser = denoiser_of(one.model.pipeline)
    with Rows(denoiser) as rows:
        alone = one.made(cells, pack=1)
    of_one = sum(rows) // len(cells)
    with Rows(denoiser) as rows:
        together = one.made(cells)
    assert sum(rows) == len(cells) * of_one - 2 * (len(cells) - 1)
    for picture, lone in zip(together, alone, strict=True):
        assert difference(picture.image, lone.image) <= 1


@pytest.mark.parametrize("name", marked(PAG))
def test_pipelines_whose_attention_splits_the_batch_run_one_by_one_and_say_so(family, name, caplog):
    one = family(name)
    with caplog.at_level(logging.WARNING), Rows(denoiser_of(one.model.pipeline)) as rows:
        pictures = one.made(one.cells)
    assert max(rows) == 3  # without guidance, with it, and perturbed
    assert "one picture at a time, because StableDiffusion" in caplog.text
    assert (
        max(difference(p.image, q) for p, q in zip(pictures, one.stock_pictures, strict=True)) == 0
    )
    (warning,) = [text for text in plan(one.model.identity.name).warnings if "PAG" in text]
    assert "one picture at a time" in warning
    (warning,) = [text for text in plan(one.model.identity.name, exact=8).warnings if "PAG" in text]
    assert "no picture can be made in exact mode" in warning


@pytest.mark.parametrize("name", marked([*PACKED, *PAG]))
def test_a_picture_shows_itself_while_it_forms_and_can_be_left_without_harm(
    family, name, monkeypatch
):
    check_rough_pictures_of_one_that_is_left(family(name), monkeypatch)


def plan(model, **options):
    spec = Sweep("p", base={"prompt": "a star", "model": model}, axes={"seed": [0, 1]})
    return spec.plan("nowhere", device="cpu", **options)


def test_a_pag_picture_that_is_left_midway_harms_no_other(family):
    one = family("sd_pag")
    plain = one.cells[1].replace(call={"pag_scale": 0.0})
    dropped = []
    events = dwlab.stream(
        [one.cells[1], plain],
        model=one.model,
        pack=1,
        dropped=lambda index: index == 0 and bool(dropped),
    )
    for event in events:
        if event.kind == "step" and event.index == 0:
            dropped.append(event.step)
        elif event.kind == "done":
            assert event.index == 1
            assert difference(event.result.image, one.stock(plain)) == 0
    assert dropped
    assert all(
        type(p) is AttnProcessor2_0 for p in one.model.pipeline.unet.attn_processors.values()
    )


CHANGES = {
    "sd, plain": lambda denoiser: denoiser.set_attn_processor(AttnProcessor()),
    "sd, sliced": lambda denoiser: denoiser.set_attention_slice("max"),
    "sd, fused": lambda denoiser: denoiser.fuse_qkv_projections(),
    "sd3, fused": lambda denoiser: denoiser.fuse_qkv_projections(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_other_processors_that_are_known_are_packed_rightly_too(family, change):
    one = copy.copy(family(change.split(",", maxsplit=1)[0]))
    one.model = dataclasses.replace(
        one.model, pipeline=copy.deepcopy(one.model.pipeline), loaded=None
    )
    CHANGES[change](denoiser_of(one.model.pipeline))
    assert refusal(one.model.pipeline, "cpu") is None
    for picture in one.made(one.cells):
        assert difference(picture.image, one.stock(picture.params)) <= 1


class OwnProcessor(AttnProcessor2_0):
    pass


def test_only_pipelines_and_attention_processors_that_were_tried_are_packed(family):
    pipeline = copy.copy(family("sd").model.pipeline)
    assert refusal(pipeline, "cpu") is None
    unet = pipeline.unet
    shipped = unet.attn_processors
    impostor = type("AttnProcessor2_0", (AttnProcessor2_0,), {"__module__": __name__})()
    name = next(name for name in shipped if "attn2" in name)
    try:
        for unknown in (OwnProcessor(), impostor):
            unet.set_attn_processor(shipped | {name: unknown})
            assert type(unknown).__name__ in refusal(pipeline, "cpu")
    finally:
        unet.set_attn_processor(dict(shipped))  # which it empties
    unet.set_attention_slice("auto")
    assert refusal(pipeline, "cpu") is None
    unet.set_attn_processor(dict(shipped))  # which it empties
    own = type("OwnPipeline", (type(pipeline),), {})
    pipeline.__class__ = own
    assert "OwnPipeline" in refusal(pipeline, "cpu")


def test_another_denoiser_in_a_known_pipeline_is_not_packed(family):
    pipeline = copy.copy(family("sd").model.pipeline)
    pipeline.unet = copy.copy(pipeline.unet)
    pipeline.unet.__class__ = type("OwnUNet", (type(pipeline.unet),), {})
    assert "OwnUNet" in refusal(pipeline, "cpu")


def test_all_that_is_packed_exists_in_diffusers_and_has_a_test():
    in_table = {
        entry.pipeline: entry.packed
        for entry in families.FAMILIES
        if entry.packed and not entry.needs
    }
    assert set(in_table) == {type(built(name)).__name__ for name in PACKED}
    for pipeline, known in in_table.items():
        assert hasattr(diffusers, pipeline) and hasattr(diffusers, known.denoiser)


def test_older_pipelines_tell_of_their_steps_too_and_stop_within_one(family):
    one = family("pixart")
    cell = one.cells[1]
    events = list(dwlab.stream([cell], model=one.model))
    assert [event.step for event in events if event.kind == "step"] == [1, 2, 3]
    assert {event.steps for event in events if event.kind == "step"} == {3}
    seen = []
    for event in dwlab.stream(
        [cell.replace(steps=50)], model=one.model, dropped=lambda _: bool(seen)
    ):
        if event.kind == "step":
            seen.append(event.step)
        assert event.kind != "done"
    assert max(seen) < 50


# What a missing negative prompt means


@pytest.mark.parametrize("name", marked([*PACKED, *PAG]))
def test_the_table_knows_where_a_missing_negative_prompt_is_not_an_empty_one(family, name):
    one = family(name)
    omission = omission_of(one.model.identity)
    cell = one.cells[1]
    if name in NO_NEGATIVE:
        assert omission is None or not omission.shows(cell.guidance, cell.call)
        return
    differs = difference(one.stock(cell), one.stock(cell, negative_prompt="")) > 0
    assert differs == (name in OMITTED)
    assert differs == (omission is not None and omission.shows(cell.guidance, cell.call))


def test_the_table_names_what_diffusers_does():
    """Pipelines that zero a missing negative prompt, or have a true CFG, have an omission in the table."""
    for entry in families.FAMILIES:
        cls = getattr(diffusers, entry.pipeline)
        source = inspect.getsource(cls)
        special = "zero_out_negative_prompt =" in source or "has_neg_prompt = " in source
        encoded = 'negative_prompt = [""]' in source
        rule = families.omission(
            {"_class_name": cls.__name__, "force_zeros_for_empty_prompt": True}, {}
        )
        takes = "negative_prompt" in inspect.signature(cls.__call__).parameters
        if special and takes and not encoded:
            assert rule is not None, cls
            if rule.true_cfg is not None:
                assert (
                    inspect.signature(cls.__call__).parameters["true_cfg_scale"].default
                    == rule.true_cfg
                )
            else:
                assert inspect.signature(cls).parameters[rule.option].default == rule.default


@pytest.mark.parametrize("name", marked(OMITTED))
def test_who_wants_an_encoded_empty_text_says_so(family, name):
    one = family(name)
    plain = one.cells[1]
    encoded = plain.replace(call={**plain.call, "negative_prompt": ""})
    pictures = one.made([plain, encoded])
    assert difference(pictures[0].image, one.stock(plain)) <= 1
    assert difference(pictures[1].image, one.stock(plain, negative_prompt="")) <= 1
    assert difference(pictures[0].image, pictures[1].image) > 1
    assert pictures[0].key != pictures[1].key


def test_the_recipe_in_a_picture_keeps_the_encoded_empty_text(family, tmp_path):
    one = family("sdxl")
    (picture,) = one.made([one.cells[1].replace(call={"negative_prompt": ""})])
    params = read_recipe(picture.save(tmp_path / "a.png"))["params"]
    assert params["call"] == {"negative_prompt": ""}
    again = GenerationParams(**params | {"model": one.model.identity.name})
    (cell,) = resolve([again], {again.choice: one.model.identity})
    assert cell.key == picture.key


def test_without_a_negative_prompt_qwen_image_calls_its_denoiser_once_a_step(family):
    one = family("qwen_image")
    cell = one.cells[1]
    for asked, times in ((cell, 3), (cell.replace(call={"negative_prompt": ""}), 6)):
        with Rows(denoiser_of(one.model.pipeline)) as rows:
            one.made([asked], pack=1)
        assert len(rows) == times


def test_guidance_is_true_cfg_on_qwen_image_unless_the_call_has_a_scale_of_its_own(family):
    one = family("qwen_image")
    plain = one.cells[2].replace(guidance=2.0)
    own_scale = plain.replace(call={"true_cfg_scale": 7.0})
    pictures = one.made([plain, own_scale])
    assert difference(pictures[0].image, one.stock(plain)) <= 1
    assert difference(pictures[1].image, one.stock(plain.replace(guidance=7.0))) <= 1
    assert difference(pictures[0].image, pictures[1].image) > 1


def test_lists_become_tuples_where_the_pipelines_call_takes_tuples(family):
    one = family("sdxl")
    sizes = {"original_size": [64, 32], "crops_coords_top_left": [4, 8]}
    cell = one.cells[1].replace(call=sizes)
    (picture,) = one.made([cell])
    as_tuples = {name: tuple(value) for name, value in sizes.items()}
    expected = one.stock(one.cells[1], **as_tuples)
    assert difference(picture.image, expected) <= 1
    assert difference(expected, one.stock(one.cells[1])) > 1


def key(omission=None, **changes):
    asked = {"steps": 2, "guidance": 5.0, "width": 64, "height": 64, "scheduler": "DDIM"} | changes
    return GenerationParams("a star", **asked).key("w", "float32", omission=omission)


def rule(name):
    return families.omission({"_class_name": name}, {})


@pytest.mark.parametrize(
    ("pipeline", "changes", "changed"),
    [
        ("StableDiffusionPipeline", {}, False),
        ("StableDiffusion3Pipeline", {}, False),
        ("SanaPipeline", {}, False),
        ("StableDiffusionXLPipeline", {}, True),
        ("StableDiffusionXLPipeline", {"negative_prompt": "blurry"}, False),
        ("StableDiffusionXLPipeline", {"guidance": 1.0}, False),  # off, as in sdxl-turbo
        ("StableDiffusionXLPipeline", {"guidance": 0.0}, False),
        ("StableDiffusionXLPipeline", {"call": {"negative_prompt": ""}}, False),
        ("CogView3PlusPipeline", {}, True),
        ("QwenImagePipeline", {}, True),
        ("QwenImagePipeline", {"guidance": 1.0}, True),  # true_cfg_scale counts, 4 by default
        ("QwenImagePipeline", {"call": {"true_cfg_scale": 1.0}}, False),
        # guidance is true_cfg_scale; earlier versions left it at 4
        ("QwenImagePipeline", {"negative_prompt": "blurry"}, True),
        ("QwenImagePipeline", {"negative_prompt": "blurry", "guidance": 4.0}, False),
        ("QwenImagePipeline", {"negative_prompt": "red", "call": {"true_cfg_scale": 3}}, False),
        ("QwenImagePipeline", {"call": {"negative_prompt": ""}}, True),
        ("FluxPipeline", {"negative_prompt": "red", "call": {"true_cfg_scale": 3}}, False),
        ("FluxPipeline", {}, False),
        ("FluxPipeline", {"call": {"true_cfg_scale": 2.0}}, True),
        ("FluxPipeline", {"call": {"true_cfg_scale": "two"}}, False),  # which the pipeline refuses
    ],
)
def test_keys_change_where_pictures_do_and_nowhere_else(pipeline, changes, changed):
    assert (key(rule(pipeline), **changes) != key(None, **changes)) == changed


def test_folders_say_whether_they_zero_a_missing_negative_prompt(tmp_path):
    index = {"_class_name": "StableDiffusionXLPipeline"}
    assert families.omission(index, {}) is not None
    assert families.omission(index | {"force_zeros_for_empty_prompt": False}, {}) is None
    assert families.omission(index, {"time_cond_proj_dim": 256}) is None  # LCM's: told the guidance
    assert rule("KolorsPipeline") is None
    assert catalog.lookup("shapes").omission is None


def test_plan_run_and_picture_agree_on_the_key_and_resume_finds_it(family, tmp_path):
    one = family("sdxl")
    base = {
        "prompt": "a star",
        "model": one.model.identity.name,
        "width": 16,
        "height": 16,
        "steps": 1,
    }
    spec = Sweep(
        "keys", base=base, axes={"call.negative_prompt": [None, ""], "guidance": [1.0, 5.0]}
    )
    table = spec.run(tmp_path, device="cpu")
    assert len(set(table["key"])) == 4
    assert spec.plan(tmp_path, device="cpu").done == 4
    for row in table.to_dict("records"):
        recipe = read_recipe(tmp_path / row["image"])
        assert recipe["key"] == row["key"]


def test_a_cell_that_failed_has_the_key_that_was_planned(family, tmp_path):
    one = family("sdxl")
    base = {
        "prompt": "a star",
        "model": one.model.identity.name,
        "width": 16,
        "height": 16,
        "steps": 1,
    }
    spec = Sweep("fails", base=base, axes={"guidance": [5.0]})

    def failing(cells, **_):

        yield Failed(0, cells[0].params, "broken")

    from dwlab.runs.run import run
    from dwlab.spec.compute import Compute

    outcome = run(spec, results=tmp_path, compute=Compute(device="cpu"), render=failing)
    assert (outcome.failed, outcome.left) == (1, 0)
    assert spec.plan(tmp_path, device="cpu").failed == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"call": {"negative_prompt": "red"}}, "call.negative_prompt"),
        ({"call": {"negative_prompt": 0}}, "call.negative_prompt"),
        ({"call": {"negative_prompt": ""}, "negative_prompt": "red"}, "call.negative_prompt"),
        ({"scheduler_options": {"negative_prompt": ""}}, "scheduler_options.negative_prompt"),
    ],
)
def test_another_text_in_its_place_is_refused(changes, field):
    with pytest.raises(InvalidInput) as caught:
        GenerationParams("a star", **changes)
    assert caught.value.field == field
    if "negative_prompt" in changes:
        with pytest.raises(InvalidInput):
            GenerationParams("a star", call={"negative_prompt": ""}).replace(negative_prompt="red")


def test_nothing_in_its_place_is_as_if_it_were_left_out():
    plain = GenerationParams("a star")
    assert GenerationParams("a star", call={"negative_prompt": None}) == plain
    assert (
        GenerationParams("a star", call={"negative_prompt": None}).canonical() == plain.canonical()
    )


def test_a_plan_says_where_an_encoded_empty_text_changes_nothing():
    spec = Sweep("idle", base={"prompt": "a star"}, axes={"call.negative_prompt": [None, ""]})
    assert [
        text
        for text in spec.plan("nowhere").warnings
        if "call.negative_prompt has no effect" in text
    ]


def test_one_call_for_several_cells_takes_negative_prompts_of_all_or_of_none(family):
    one = family("sdxl")
    plain, other, negative = (
        one.cells[1],
        one.cells[1].replace(seed=3),
        one.cells[1].replace(negative_prompt="red"),
    )
    arguments = functools.partial(call.stock_arguments, one.model.pipeline)
    assert "negative_prompt" not in arguments([plain, other])
    assert arguments([negative, negative])["negative_prompt"] == ["red", "red"]
    assert arguments([plain])["prompt"] == plain.prompt
    with pytest.raises(ValueError, match="with and without a negative prompt"):
        arguments([plain, negative])


def test_grouped_calls_keep_apart_what_has_a_negative_prompt(family):
    one = family("sdxl")
    cells = [one.cells[1].replace(negative_prompt=text) for text in ("", "red", "", "blue")]
    pictures = dict(engines.grouped(one.model, cells))
    for k, cell in enumerate(cells):
        assert difference(pictures[k], one.stock(cell)) <= 1


# Calls that must not be merged, or only so


def test_positions_are_compared_by_value_however_many_rows_and_tokens_there_are(family):
    transformer = family("klein").model.pipeline.transformer

    def call(ids):
        given = {
            "hidden_states": torch.randn(1, 4, 4), "timestep": torch.ones(1), "guidance": None,
            "encoder_hidden_states": torch.randn(1, 3, 96), "txt_ids": torch.zeros(1, 3, 4), "img_ids": ids,
            "joint_attention_kwargs": None, "return_dict": False,
        }  # fmt: skip
        return calls.Call.of(transformer, "__call__", (), given)

    wide = torch.cartesian_prod(torch.zeros(1), torch.zeros(1), torch.arange(4.0), torch.zeros(1))[
        None
    ]
    tall = wide.roll(1, dims=-1)
    assert call(wide).key == call(wide.clone()).key != call(tall).key
    dit = family("hunyuandit").model.pipeline.transformer
    rotary = (torch.randn(2, 8), torch.randn(2, 8))  # two tokens, two rows
    arguments = {
        "hidden_states": torch.randn(2, 4, 2, 2),
        "timestep": torch.ones(2),
        "image_rotary_emb": rotary,
    }
    called = calls.Call.of(dit, "__call__", (), arguments)
    assert len(called.batched) == 2


def test_lists_with_an_entry_a_row_are_merged_and_split_by_rows(family):
    transformer = family("z_image").model.pipeline.transformer

    def call(*lengths):
        rows = len(lengths)
        latents = [torch.randn(4, 1, 4, 4) for _ in range(rows)]
        return calls.Call.of(
            transformer, "__call__", (latents, torch.full((rows,), 0.5), [torch.randn(n, 32) for n in lengths]),
            {"return_dict": False},
        )  # fmt: skip

    first, second, third = call(5, 9), call(40), call(9, 5)
    assert first.key == second.key == third.key
    assert first.lengths == third.lengths != second.lengths
    with torch.inference_mode():
        alone = [c.alone()[0] for c in (first, second, third)]
        together = [output[0] for output in calls.merged([first, second, third], 8)]
    for one, other in zip(alone, together, strict=True):
        assert [row.shape for row in one] == [row.shape for row in other]
        assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(one, other, strict=True))


# clip_skip


@pytest.mark.parametrize("name", marked(["sd", "sdxl", "sd3", "lcm", "sd_pag"]))
def test_clip_skip_takes_an_earlier_layer_of_the_text_encoder(family, name):
    one = family(name)
    cells = [one.cells[1].replace(call={**one.cells[1].call, "clip_skip": n}) for n in (0, 1)]
    pictures = one.made([one.cells[1], *cells])
    assert difference(pictures[0].image, pictures[2].image) > 1
    for picture in pictures[1:]:
        assert difference(picture.image, one.stock(picture.params)) <= 1
    if name in ("sd", "lcm", "sd_pag"):
        assert difference(pictures[0].image, pictures[1].image) == 0  # none of them left out


def test_clip_skip_gives_that_layer_s_states_with_the_last_norm(family):
    pipeline = family("sd").model.pipeline
    embedded, _ = pipeline.encode_prompt("a star", "cpu", 1, False, clip_skip=1)
    tokens = pipeline.tokenizer(
        "a star", padding="max_length", max_length=77, return_tensors="pt"
    ).input_ids
    states = pipeline.text_encoder(tokens, output_hidden_states=True).hidden_states
    expected = pipeline.text_encoder.final_layer_norm(states[-2])
    assert torch.equal(embedded, expected)


@pytest.mark.parametrize(("name", "most"), [("sd", 2), ("sdxl", 1), ("sd3", 4)])
@pytest.mark.parametrize("beyond", [1, -100, "1", 1.5, True, [1]])
def test_a_clip_skip_that_cannot_be_is_refused_before_the_run(family, name, most, beyond):
    one = family(name)
    value = most + beyond if type(beyond) is int else beyond
    base = {"prompt": "a star", "model": one.model.identity.name}
    with pytest.raises(
        InvalidInput, match=f"call.clip_skip is .*allowed: a whole number from 0 to {most}"
    ):
        Sweep("skips", base=base, axes={"call.clip_skip": [1, value]}).plan("nowhere", device="cpu")


# Doors


def test_a_folder_saved_by_the_image_to_image_kind_is_packed_and_known_as_what_it_is_loaded_with(
    family, tmp_path
):
    parts = family("sdxl").model.pipeline.components
    diffusers.StableDiffusionXLImg2ImgPipeline(**parts).save_pretrained(tmp_path / "m")
    identity = identify(str(tmp_path / "m"), "cpu")
    assert catalog.lookup(str(identity.folder)).pipeline == "StableDiffusionXLPipeline"
    assert omission_of(identity) == families.of("StableDiffusionXLPipeline").omission
    assert not [text for text in plan(identity.name).warnings if "one" in text]


def test_the_keys_of_pictures_that_were_right_stay():
    """As an earlier version wrote them, before a missing negative prompt had a meaning of its own."""
    base = {"seed": 3, "steps": 4, "guidance": 5.0, "width": 64, "height": 64, "scheduler": "DDIM"}
    more = {"call": {"eta": 0.5}, "scheduler_options": {"timestep_spacing": "trailing"}}
    keys = [
        GenerationParams("a star", **base).key("w" * 8, "float32"),
        GenerationParams("a star", negative_prompt="red", **base).key("w" * 8, "float32"),
        GenerationParams("ein Stern \u2605", **base, **more).key("w" * 8, "float32", 16),
    ]
    assert keys == [
        "f7a1bde38e718f825da0070c0f7cad3e01016ec7972b4b1d3fa0a402bade1280",
        "20dfe8b3fdd066583d368a68383dd5cc661ab72b1db13cdd022a1fe6d7d4fa45",
        "7d62bd34ead5c7b5ff6ce10a71afaf2db9f26e6b16f72a40600d3ad01e3d4c40",
    ]
