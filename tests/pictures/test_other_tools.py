"""Pictures of other tools, dropped on the prompt bench: read where they are flat, named and explained where they are not."""

from __future__ import annotations

import json
from pathlib import Path

import pngs
import pytest

from dwlab.errors import InvalidInput
from dwlab.models import fingerprint
from dwlab.pictures import recipes
from dwlab.spec.catalog import SHAPES_FOLDER

CASES = Path(__file__).parents[1] / "cases" / "png"
STAR = {"prompt": "a red star", "steps": 8, "guidance": 3.5, "seed": 5, "width": 64, "height": 64}
PLAIN = {
    **STAR,
    "negative_prompt": "blurry",
    "seed": 1234,
    "scheduler": "DPM++ 2M Karras",
    "model": "shapes",
}
EULER = {**STAR, "scheduler": "Euler a", "model": "shapes"}
VERSION = ["Version: v1.10.1"]
DYNAMIC = {**EULER, "negative_prompt": "blurry"}
# file: the values, and what is left out, each by its beginning
READ = {
    "a1111_after_idat": (PLAIN, VERSION),
    "a1111_before_idat": (PLAIN, VERSION),
    "a1111_braces": (
        {**EULER, "prompt": "a {red|blue} {{star}} __animal__ (big:1.3) <lora:foo:0.8> {colour}", "negative_prompt": "{{{lowres}}}"},
        [],
    ),
    "a1111_civitai": (
        {**STAR, "scheduler": "Euler a", "call": {"clip_skip": 1}},
        ["Created Date: 2025-01-01T00:00:00Z", "Civitai resources: [{", 'Civitai metadata: {"a":1}'],
    ),
    "a1111_comma_decimal": ({**EULER, "guidance": 7.5}, []),
    "a1111_crlf": (PLAIN, VERSION),
    "a1111_ddim_karras": ({**EULER, "scheduler": "DDIM"}, ["Schedule type: Karras"]),
    "a1111_distilled": (
        {**STAR, "scheduler": "Euler", "guidance": 1.0, "model": "flux1-dev"},
        ["Distilled CFG Scale: 3.5", "Module 1: ae", "Schedule type: Simple", "model: flux1-dev"],
    ),
    "a1111_itxt_compressed": ({**PLAIN, "prompt": "étoile rouge ★"}, VERSION),
    "a1111_lora_hashes": (
        EULER,
        ["Lora hashes: foo: abcdef, bar: 123456", "TI hashes: x: y", "Hires prompt: a, b: c, Seed: 77", "Version: f2.0"],
    ),
    "a1111_model_named_sdxl": ({**EULER, "model": "sdxl"}, ["model: sdxl (shapes stays"]),
    "a1111_no_params_line": ({"prompt": "a red star", "negative_prompt": "blurry, low quality"}, []),
    "a1111_no_prompt_negative": ({**EULER, "seed": 1234, "prompt": "", "negative_prompt": "blurry"}, []),
    "a1111_odd_size": ({**EULER, "width": 513, "height": 769}, ["width: 513 (allowed: a multiple of 8", "height: 769"]),
    "a1111_prompt_only_params": ({**EULER, "seed": 1234, "prompt": ""}, []),
    "a1111_samplers": ({**STAR, "model": "shapes"}, ["Sampler: DPM++ 2M SDE Heun Karras"]),
    "a1111_seed_big": ({**EULER, "seed": 18446744073709551615}, ["seed: 18446744073709551615 (allowed: a whole number"]),
    "a1111_seed_neg": ({**EULER, "seed": -1}, ["seed: -1 (allowed: a whole number"]),
    "a1111_sgm": ({**EULER, "scheduler": "Euler"}, ["Schedule type: SGM Uniform"]),
    "a1111_trailing_newlines_extra": (
        {**DYNAMIC, "seed": 1234},
        ["Template: a {red|blue} star, Steps: 99, fancy", "Version: v1.10.1"],
    ),
    "a1111_utf8_in_text": ({**PLAIN, "prompt": "étoile rouge ★"}, VERSION),
    "comfyui": ({**PLAIN, "seed": 987654321012345, "model": "shapes.safetensors"}, ["model: shapes.safetensors"]),
    "dwlab_bad_call": (
        {"prompt": "a red star", "call": {"output_type": "np"}, "seed": 3},
        ["call: {'output_type': 'np'} (allowed: any other name"],
    ),
    "dwlab_later_version": ({"prompt": "a red star", "seed": 3, "strength": 0.4}, ["strength: 0.4"]),
    "dynprompt_template_multiline_quoted": (
        DYNAMIC,
        ["Template: a {red|blue} star,, Seed: 77, Size: 128x128,, fancy", "Version: v1"],
    ),
    "dynprompt_template_newline": (DYNAMIC, ["Template: a {red|blue} star", "Negative Template: blurry", "Seed: no"]),
    "fooocus_a1111": (
        {**PLAIN, "scheduler": "DPM++ 2M SDE", "seed": 123456},
        ["Sharpness: 2", "ADM Guidance: (1.5, 0.8, 0.3)", "Performance: Speed", "Scheduler: karras", "VAE: ", "Version: Fooocus"],
    ),
    "fooocus_json": (
        {**PLAIN, "scheduler": "DPM++ 2M SDE Karras", "seed": 123456},
        ["adm_guidance", "base_model_hash", "full_prompt", "full_negative_prompt", "metadata_scheme", "performance: Speed",
         "sharpness: 2.0", "styles", "version: Fooocus"],
    ),
    "invokeai5": ({**PLAIN, "seed": 1554095076, "noise": "cpu"}, ["generation_mode: txt2img", "app_version: 5.4.3"]),
    "negative_lookalike_in_prompt": (
        {**STAR, "prompt": "a sign that says", "negative_prompt": "none\nand a star\nNegative prompt: blurry", "scheduler": "Euler a"},
        [],
    ),
    "novelai": (
        {**STAR, "prompt": "a red star, {{best quality}}", "negative_prompt": "blurry", "seed": 2468, "scheduler": "Euler a"},
        ["uncond_scale", "cfg_rescale", "n_samples: 1", "request_type", "noise_schedule: karras"],
    ),
    "sdnext": ({**DYNAMIC, "scheduler": "UniPC"}, ["App: SD.Next", "Version: 0123abc", "Operations: txt2img"]),
    "sdnext_pipes": ({**DYNAMIC, "seed": 1879, "call": {"clip_skip": 1}}, ["Version: aa62f6d", "Pipeline: Original"]),
    "steps_float": ({**STAR, "scheduler": "Euler a"}, []),
    "swarmui": (PLAIN, ["aspectratio: 1:1", "swarm_version: 0.9.6.0"]),
    "truncated": (PLAIN, VERSION),
    "ztxt": (PLAIN, VERSION),
}  # fmt: skip
REFUSED = {
    "dwlab_bad_params": "prompt is 5; allowed: text",
    "hf_diffusers_json": "a PNG without a recipe",
    "jpeg_named": "not a readable PNG",
    "no_metadata": "a PNG without a recipe",
    "upper_key": "a PNG without a recipe",
    "webp_named": "not a readable PNG",
}


def outcome(data: bytes, model: str = "shapes"):
    recipe = recipes.read(data)
    params, left_out = recipe.fit(model)
    return recipe.values, left_out, params


def assert_left_out(left_out: list[str], beginnings: list[str]) -> None:
    assert len(left_out) == len(beginnings), left_out
    assert all(text.startswith(start) for text, start in zip(left_out, beginnings, strict=True)), (
        left_out
    )


def test_every_case_has_its_outcome():
    assert {path.stem for path in CASES.iterdir()} == READ.keys() | REFUSED.keys()


@pytest.mark.parametrize("case", READ)
def test_a_case_that_is_read(case):
    values, left_out, params = outcome((CASES / f"{case}.png").read_bytes())
    assert values == READ[case][0]
    assert_left_out(left_out, READ[case][1])
    assert (params.model, params.prompt) == ("shapes", values["prompt"])


@pytest.mark.parametrize("case", REFUSED)
def test_a_case_that_is_refused(case):
    with pytest.raises(InvalidInput, match=REFUSED[case]):
        outcome((CASES / f"{case}.png").read_bytes())


# -- containers --------------------------------------------------------------------------------

TEXT = "a red star\nSteps: 8, Seed: 5"
WANTED = {"prompt": "a red star", "steps": 8, "seed": 5}
CONTAINERS = {
    "text after the pixels": pngs.picture(after=(pngs.text("parameters", TEXT),)),
    "packed text after the pixels": pngs.picture(after=(pngs.compressed("parameters", TEXT),)),
    "international text after the pixels": pngs.picture(
        after=(pngs.international("parameters", TEXT),)
    ),
    "packed international text": pngs.picture(pngs.international("parameters", TEXT, packed=True)),
    "no end": pngs.picture(pngs.text("parameters", TEXT), end=b""),
    "rubbish behind the end": pngs.picture(pngs.text("parameters", TEXT)) + b"PK\3\4" * 99,
    "text between the pixels": pngs.SIGNATURE
    + pngs.header()
    + pngs.PIXELS
    + pngs.text("parameters", TEXT)
    + pngs.PIXELS,
    "cut in the pixels": pngs.picture(pngs.text("parameters", TEXT))[:-30],
    "pixels with a wrong sum": pngs.picture(pngs.text("parameters", TEXT)).replace(
        pngs.PIXELS, pngs.PIXELS[:-4] + b"0000"
    ),
    "unknown chunks": pngs.picture(
        pngs.chunk(b"prVt", b"x" * 999), pngs.text("parameters", TEXT), pngs.chunk(b"ABCD")
    ),
    "other keywords first": pngs.picture(
        pngs.text("Software", "x"), pngs.text("Comment", "y"), pngs.text("parameters", TEXT)
    ),
    "the first of two": pngs.picture(
        pngs.text("parameters", TEXT), pngs.text("parameters", "b\nSteps: 9")
    ),
    "a damaged text beside a whole one": pngs.picture(
        pngs.text("parameters", "b\nSteps: 9")[:-1] + b"!", pngs.text("parameters", TEXT)
    ),
    "a text too long beside a whole one": pngs.picture(
        pngs.text("parameters", "x" * (1 << 20) + "y"), pngs.text("parameters", TEXT)
    ),
    "animated": pngs.picture(
        pngs.chunk(b"acTL", b"\0\0\0\1\0\0\0\0"), pngs.text("parameters", TEXT)
    ),
}
BAD_CONTAINERS = {
    "nothing": b"",
    "a signature": pngs.SIGNATURE,
    "no header": pngs.SIGNATURE + pngs.text("parameters", TEXT) + pngs.END,
    "half a header": (pngs.SIGNATURE + pngs.header())[:30],
    "a header with a wrong sum": pngs.SIGNATURE
    + pngs.header()[:-1]
    + b"!"
    + pngs.text("parameters", TEXT),
    "too many pixels": pngs.SIGNATURE
    + pngs.header(60_000, 60_000)
    + pngs.text("parameters", TEXT)
    + pngs.END,
    "a text with a wrong sum": pngs.picture(pngs.text("parameters", TEXT)[:-1] + b"!"),
    "a packed text that is none": pngs.picture(pngs.chunk(b"zTXt", b"parameters\0\0not deflate")),
    "a packed text cut short": pngs.picture(
        pngs.chunk(b"zTXt", pngs.compressed("parameters", TEXT)[8:-12])
    ),
    "another way of packing": pngs.picture(pngs.compressed("parameters", TEXT, method=b"\7")),
    "a bomb": pngs.picture(pngs.compressed("parameters", TEXT + " " * (64 << 20))),
    "a length beyond the file": pngs.picture(b"\xff\xff\xff\xfftEXtparameters\0" + TEXT.encode()),
    "text without a keyword": pngs.picture(pngs.chunk(b"tEXt", TEXT.encode())),
    "signature of old Macs": pngs.picture(pngs.text("parameters", TEXT)).replace(b"\r\n", b"\n", 1),
}


@pytest.mark.parametrize("case", CONTAINERS)
def test_odd_containers_are_read(case):
    assert outcome(CONTAINERS[case])[0] == WANTED


@pytest.mark.parametrize("case", BAD_CONTAINERS)
def test_what_is_no_container_of_a_recipe_is_refused(case):
    with pytest.raises(InvalidInput, match="picture is"):
        outcome(BAD_CONTAINERS[case])


@pytest.mark.parametrize(
    ("written", "encoding", "read"),
    [
        ("étoile ★", "utf-8", "étoile ★"),
        ("étoile", "latin-1", "étoile"),
        ("Ã", "latin-1", "Ã"),
        ("星 🦄", "utf-8", "星 🦄"),
        ("plain", "ascii", "plain"),
    ],
)
def test_a_plain_text_is_utf8_where_it_can_be(written, encoding, read):
    data = pngs.picture(pngs.text("parameters", f"{written}\nSteps: 8, Seed: 5", encoding))
    assert outcome(data)[0]["prompt"] == read


# -- the line of pairs -------------------------------------------------------------------------

LINES = {
    "Steps: 8, CFG scale: 7,5": {"steps": 8, "guidance": 7.5},
    "Steps: 8, CFG scale: 7,5, Seed: 5": {"steps": 8, "guidance": 7.5, "seed": 5},
    "Steps: 8, CFG scale: 7,": {"steps": 8, "guidance": 7.0},
    "Steps: 8.0, Seed: 5.0": {"steps": 8, "seed": 5},
    "Steps: 8, Size: 64 x 96": {"steps": 8, "width": 64, "height": 96},
    "Steps: 8, Size: 64×96": {"steps": 8, "width": 64, "height": 96},
    "Steps: 8|Seed: 5": {},
    "Steps: 8 | Seed: 5 | CFG scale: 2": {"steps": 8, "seed": 5, "guidance": 2.0},
    "Size: 64x96, Seed: 5, Steps: 8": {"width": 64, "height": 96, "seed": 5, "steps": 8},
    "Steps: 8, Seed: 5, Seed: 6": {"steps": 8, "seed": 5},
    "Steps: 8, Seed: 9007199254740993": {"steps": 8, "seed": 9007199254740993},
    "Steps: 8, Sampler: dpmpp_2m, Schedule type: karras": {"steps": 8, "scheduler": "DPM++ 2M Karras"},
    "Steps: 8, Sampler: Euler a, Schedule type: Karras": {"steps": 8, "scheduler": "Euler a"},
    "Steps: 8, Schedule type: Karras, Sampler: DPM++ 2M": {"steps": 8, "scheduler": "DPM++ 2M Karras"},
    'Steps: 8, Extra: "a, Seed: 7, b: c", Seed: 5': {"steps": 8, "seed": 5},
    r'Steps: 8, Extra: "a \", Seed: 7", Seed: 5': {"steps": 8, "seed": 5},
    "Steps: 8, CFG scale: nan, Seed: 1e400": {"steps": 8},
    "Steps: 8, CFG scale: 1e9999999": {"steps": 8},
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_lines_of_pairs(line):
    found = recipes.parse(f"x\n{line}")
    assert found.values == {"prompt": "x", **LINES[line]}


def test_the_line_with_most_pairs_is_the_line_of_pairs():
    found = recipes.parse(
        'Steps: 5, or so\na star\nSteps: 8, Seed: 5, CFG scale: 2, Note: "x\nSteps: 99, Seed: 1"'
    )
    assert found.values == {
        "prompt": "Steps: 5, or so\na star",
        "steps": 8,
        "seed": 5,
        "guidance": 2.0,
    }


# -- tools that write JSON ---------------------------------------------------------------------

GRAPH = json.loads('{"3": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 8, "cfg": 3.5, '
    '"sampler_name": "euler_ancestral", "scheduler": "karras", "denoise": 1.0, "model": ["4", 0], "positive": ["6", 0], '
    '"negative": ["7", 0], "latent_image": ["5", 0]}}, "4": {"class_type": "CheckpointLoaderSimple", "inputs": '
    '{"ckpt_name": "some.safetensors"}}, "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 96}}, '
    '"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red star"}}, '
    '"7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry"}}}')  # fmt: skip
COMFY = {
    "prompt": "a red star", "negative_prompt": "blurry", "seed": 7, "steps": 8, "guidance": 3.5, "scheduler": "Euler a",
    "width": 64, "height": 96, "model": "some.safetensors",
}  # fmt: skip


def graph(**changes):
    """The graph with some inputs of its nodes replaced, or nodes added; `n3={...}` changes node 3."""
    nodes = json.loads(json.dumps(GRAPH))
    for name, node in changes.items():
        key = name.removeprefix("n")
        if key in nodes and "class_type" not in node:
            nodes[key]["inputs"] |= node
        else:
            nodes[key] = node
    return pngs.picture(pngs.text("prompt", json.dumps(nodes)))


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


def without(*names):
    return {name: value for name, value in COMFY.items() if name not in names}


COMFY_GRAPHS = {
    "plain": (graph(), COMFY, []),
    "sampler with other words": (
        graph(n3=node("KSamplerAdvanced", **{**GRAPH["3"]["inputs"], "noise_seed": 9, "seed": 9})),
        {**COMFY, "seed": 9},
        [],
    ),
    "linked numbers": (
        graph(n3={"seed": ["8", 0], "steps": ["9", 0]}, n8=node("Seed", seed=11), n9=node("Int", value=6)),
        {**COMFY, "seed": 11, "steps": 6},
        [],
    ),
    "linked words": (graph(n6={"text": ["8", 0]}, n8=node("Text", text="a blue star")), {**COMFY, "prompt": "a blue star"}, []),
    "guidance node between": (
        graph(n3={"positive": ["8", 0]}, n8=node("FluxGuidance", guidance=3.5, conditioning=["6", 0])),
        COMFY,
        [],
    ),
    "zeroed negative": (
        graph(n3={"negative": ["8", 0]}, n8=node("ConditioningZeroOut", conditioning=["6", 0])),
        {**COMFY, "negative_prompt": ""},
        [],
    ),
    "two words combined": (
        graph(n3={"positive": ["8", 0]}, n8=node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["7", 0])),
        without("prompt"),
        ["prompt of the graph: not read"],
    ),
    "lora between": (graph(n3={"model": ["8", 0]}, n8=node("LoraLoader", model=["4", 0], lora_name="x")), COMFY, []),
    "picture to picture": (
        graph(n3={"denoise": 0.5, "latent_image": ["8", 0]}, n8=node("VAEEncode", pixels=["9", 0])),
        without("width", "height"),
        ["width of the graph: not read", "height of the graph: not read", "denoise: 0.5"],
    ),
    "sampler unknown here": (graph(n3={"sampler_name": "res_multistep"}), without("scheduler"), ["sampler_name: res_multistep"]),
    "links in a ring": (
        graph(n3={"positive": ["8", 0], "model": ["8", 0]}, n8=node("Loop", conditioning=["8", 0], model=["8", 0])),
        without("prompt", "model"),
        ["prompt of the graph: not read", "model of the graph: not read"],
    ),
    "a link to nothing": (graph(n3={"negative": ["99", 0]}), without("negative_prompt"), ["negative_prompt of the graph: not read"]),
    "kinds mixed up": (
        graph(n3={"seed": True, "steps": {"a": 1}, "cfg": "high"}),
        without("seed", "steps", "guidance"),
        ["seed: True", "steps of the graph: not read", "cfg: high"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COMFY_GRAPHS)
def test_graphs_of_comfyui(case):
    data, values, left_out = COMFY_GRAPHS[case]
    recipe = recipes.read(data)
    karras = ["scheduler: karras"]
    assert (recipe.tool, recipe.values) == ("ComfyUI", values)
    assert_left_out(sorted(recipe.left_out), sorted([*left_out, *karras]))


REFUSED_TOOLS = {
    "two samplers": (graph(n8=node("KSampler")), "ComfyUI with 2 KSampler nodes"),
    "another kind of sampler": (graph(n3=node("SamplerCustomAdvanced")), "ComfyUI with no KSampler nodes"),
    "a workflow alone": (pngs.picture(pngs.text("workflow", "{}")), "ComfyUI"),
    "a graph that is a list": (pngs.picture(pngs.text("prompt", "[1]")), "ComfyUI"),
    "a graph of numbers": (pngs.picture(pngs.text("prompt", '{"1": 2, "3": {"inputs": []}}')), "ComfyUI"),
    "a prompt in words": (pngs.picture(pngs.text("prompt", "a red star")), "ComfyUI"),
    "InvokeAI without values": (pngs.picture(pngs.text("invokeai_metadata", "{}")), "InvokeAI"),
    "InvokeAI of old": (pngs.picture(pngs.text("sd-metadata", "{}")), "InvokeAI"),
    "InvokeAI of older": (pngs.picture(pngs.text("Dream", '"a star" -s 8')), "InvokeAI"),
    "NovelAI without values": (pngs.picture(pngs.text("Software", "NovelAI")), "NovelAI"),
    "NovelAI with a broken comment": (pngs.picture(pngs.text("Software", "NovelAI"), pngs.text("Comment", "{")), "NovelAI"),
    "nested without end": (pngs.picture(pngs.text("invokeai_metadata", "[" * 99_999)), "InvokeAI"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_TOOLS)
def test_what_a_known_tool_wrote_and_cannot_be_read_names_the_tool(case):
    data, words = REFUSED_TOOLS[case]
    with pytest.raises(InvalidInput, match=words):
        recipes.read(data)


SAMPLERS = {
    "euler": "Euler", "euler_ancestral": "Euler a", "k_euler": "Euler", "dpm_2": "DPM2", "dpm_2_ancestral": "DPM2 a",
    "kdpm_2": "DPM2", "dpmpp_sde_gpu": "DPM++ SDE", "dpmpp_2m_sde_k": "DPM++ 2M SDE Karras", "euler_k": "Euler Karras",
    "uni_pc": "UniPC", "k_dpmpp_2m": "DPM++ 2M", "lcm": "LCM", "ddim_v3": None, "k_": None, "": None, "_gpu": None,
}  # fmt: skip


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_in_other_tools_spellings(sampler):
    values = {"positive_prompt": "x", "scheduler": sampler}
    found = recipes.read(pngs.picture(pngs.text("invokeai_metadata", json.dumps(values))))
    assert found.values.get("scheduler") == SAMPLERS[sampler]
    assert found.fit("shapes")[0].prompt == "x"


# -- whose model -------------------------------------------------------------------------------

NAMED = "x\nSteps: 3, Model: shapes, Model hash: "


def test_a_model_of_the_same_weights_is_chosen_and_one_of_the_same_name_is_not():
    here = fingerprint.of_folder(SHAPES_FOLDER)
    for given, chosen in (
        (here[:10], "shapes"),
        ("0123456789", "sd15"),
        (here[:4], "sd15"),
        ("", "sd15"),
    ):
        params, left_out = recipes.parse(NAMED + given).fit("sd15", lambda _model: here)
        assert params.model == chosen
        assert [text for text in left_out if text.startswith("model")] == (
            []
            if chosen == "shapes"
            else ["model: shapes (sd15 stays; choose another in the controls)"]
        )


def test_our_own_recipe_still_chooses_its_model():
    recipe = recipes.read(
        pngs.picture(pngs.text("dwlab", '{"params": {"prompt": "x", "model": "sd15"}}'))
    )
    assert recipe.fit("shapes")[0].model == "sd15"
