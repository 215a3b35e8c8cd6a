"""What goes into a key, that the fast way to it gives the same, and that keys given once stay."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwlab.spec import inputs
from dwlab.spec import key as key_module
from dwlab.spec.family import Omission
from dwlab.spec.key import hash_of, key_document, key_of
from dwlab.spec.names import FILES, MAPS
from dwlab.spec.params import FIELDS, GenerationParams

# 200 varied cells with the keys that version 0.1.0 gave them, before the fields of later versions were there
CELLS = json.loads((Path(__file__).parents[1] / "cases" / "keys.json").read_text("utf-8"))
ZEROS = Omission("zeros instead of an encoded text")


@pytest.fixture(params=["the definition", "the fast way"])
def key(request):
    """Both ways to a key: the hash of the document, and the template that cells of one kind share."""
    if request.param == "the fast way":
        return key_of
    return lambda *arguments: hash_of(key_document(*arguments))


# ---- keys that were given once


def test_two_hundred_varied_cells_keep_their_keys(key):
    assert len({cell["key"] for cell in CELLS}) == 200
    for cell in CELLS:
        params = GenerationParams(**cell["params"])
        assert key(params, cell["weights"], cell["dtype"], cell["exact"]) == cell["key"], params


def test_a_recipe_read_back_keeps_its_key(key):
    for cell in CELLS:
        params = GenerationParams(**json.loads(GenerationParams(**cell["params"]).canonical()))
        assert key(params, cell["weights"], cell["dtype"], cell["exact"]) == cell["key"], params


# ---- what goes into a key


def test_the_document_holds_parameters_weights_and_dtype():
    params = GenerationParams("a star", seed=7, dtype="auto")
    assert key_document(params, "w", "float32") == {
        "params": {
            "prompt": "a star",
            "seed": 7,
            "steps": 20,
            "guidance": 3.0,
            "width": 128,
            "height": 128,
            "scheduler": "DDIMScheduler",
        },
        "weights": "w",
        "dtype": "float32",
    }


def test_an_empty_parameter_is_left_out_of_the_document():
    empty = GenerationParams(
        "x", negative_prompt="", dtype="auto", noise="cpu", call={}, scheduler_options={}
    )
    assert (
        not {"negative_prompt", "dtype", "quantisation", "noise", "model", "config", "prediction"}
        & key_document(empty, "w", "d")["params"].keys()
    )
    assert not {*MAPS, *inputs.FIELDS} & key_document(empty, "w", "d")["params"].keys()
    full = GenerationParams(
        "x",
        negative_prompt="red",
        dtype="bfloat16",
        quantisation="quanto-8bit",
        noise="a1111-cuda",
        call={"eta": 1},
        scheduler_options={"use_karras_sigmas": True},
        accelerate={"guidance_every": 2},
        variant="fp16",
        prediction="v_prediction",
        width=64,
        height=64,
        image=f"sha256:{'a' * 64}",
        strength=0.5,
        mask=f"sha256:{'b' * 64}",
        mask_padding=8,
        mask_blur=2,
        long_prompt="chunk",
        prompt_weighting="compel",
    )
    recipe = key_document(full, "w", "bfloat16")["params"]
    of_weights = {"model", "dtype", "quantisation", "variant", "config"}
    assert recipe.keys() == FIELDS - {*of_weights, "control", *FILES}, (
        "the weights, the real dtype and hashes say those"
    )


def test_the_mode_is_in_the_document_in_exact_mode_only():
    params = GenerationParams("x")
    assert "mode" not in key_document(params, "w", "float32", None)
    assert key_document(params, "w", "float32", 16)["mode"] == "exact:16"


def test_leaving_out_the_negative_prompt_is_noted_where_the_picture_depends_on_it():
    def note(omission=ZEROS, **values):
        params = GenerationParams("x", **{"guidance": 5, **values})
        return key_document(params, "w", "float32", None, omission).get("negative_prompt")

    assert note() == "omitted"
    assert note(guidance=1) is None
    assert note(negative_prompt="red") is None
    assert note(call={"negative_prompt": ""}) is None
    assert note(omission=None) is None


def test_the_key_is_the_hash_of_the_document_as_json_with_sorted_names():
    document = key_document(GenerationParams("ü"), "w", "float32", 4)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    assert hash_of(document) == hashlib.sha256(text.encode()).hexdigest()


# ---- the fast way gives the same


def writable(text):
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


texts = st.one_of(
    st.sampled_from(["", "a star", '"prompt":NaN', '"seed":NaN,"', "\\", 'q"q', "\u2028 日本 😀"]),
    st.text(max_size=30).filter(writable),
)
json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        texts,
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
argument_maps = st.dictionaries(
    st.sampled_from(["eta", "clip_skip", "b", "true_cfg_scale", "zz"]),
    json_values,
    max_size=3,
)
cells = st.fixed_dictionaries(
    {"prompt": texts},
    optional={
        "negative_prompt": texts,
        "seed": st.integers(0, 2**63 - 1),
        "steps": st.sampled_from([1, 20, 20.0, 1000]),
        "guidance": st.sampled_from([0, -0.0, 1, 1.0, 0.1, 1e-7, 7.5, 100]),
        "width": st.sampled_from([None, 64, 128.0]),
        "scheduler": st.sampled_from([None, "Euler Karras", "DDIM", "HeunDiscreteScheduler"]),
        "model": st.sampled_from(["shapes", "owner/name"]),
        "dtype": st.sampled_from(["auto", "float16"]),
        "call": argument_maps,
        "scheduler_options": argument_maps,
    },
)


@given(
    cell=cells,
    weights=st.sampled_from(["w" * 64, 'w"ü', "random-sdxl-geometry"]),
    dtype=st.sampled_from(["float32", "bfloat16"]),
    exact=st.sampled_from([None, 2, 16]),
    omission=st.sampled_from([None, ZEROS, Omission("no true CFG", true_cfg=4.0)]),
)
def test_both_ways_give_the_same_key(cell, weights, dtype, exact, omission):
    params = GenerationParams(**cell)
    expected = hash_of(key_document(params, weights, dtype, exact, omission))
    assert key_of(params, weights, dtype, exact, omission) == expected
    # and for another cell of the same kind, whose template is there by now
    other = params.replace(prompt=f"{params.prompt}!", seed=12)
    expected = hash_of(key_document(other, weights, dtype, exact, omission))
    assert key_of(other, weights, dtype, exact, omission) == expected


def test_keys_stay_the_same_when_more_kinds_are_needed_than_are_kept(monkeypatch):
    monkeypatch.setattr(key_module, "TEMPLATES_KEPT", 3)
    params = [GenerationParams("x", steps=steps) for steps in (1, 2, 3, 4, 5, 1, 2, 3, 4, 5)]
    expected = [hash_of(key_document(each, "w", "float32")) for each in params]
    assert [key_of(each, "w", "float32") for each in params] == expected


# ---- what a key depends on


def test_the_key_depends_on_meaning_weights_and_dtype_but_not_on_the_models_name(tmp_path):
    params = GenerationParams("x")
    keys = {
        params.key("w", "float32"),
        params.key("v", "float32"),
        params.key("w", "bfloat16"),
        params.replace(prompt="y").key("w", "float32"),
        params.replace(seed=1).key("w", "float32"),
        params.replace(call={"eta": 1}).key("w", "float32"),
    }
    assert len(keys) == 6
    (tmp_path / "model_index.json").write_text(
        json.dumps({"_class_name": "StableDiffusionPipeline"})
    )
    moved = params.replace(model=str(tmp_path))
    assert moved.key("w", "float32") == params.key("w", "float32")


@pytest.mark.parametrize("prompt", ["a red circle", 'ünï "q" \\ \n \u2028 日本 😀', ""])
@pytest.mark.parametrize("guidance", [1, 0.1, 1e-7, -0.0])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"negative_prompt": "no", "call": {"eta": 0.5, "b": [1, {"z": None, "a": True}]}},
        {
            "negative_prompt": '"prompt":NaN',
            "call": {"a": '"seed":NaN', "b": {"prompt": "\0"}},
        },  # looks like the gaps
    ],
)
def test_a_key_is_the_hash_of_sorted_json(prompt, guidance, more):
    params = GenerationParams(
        prompt, guidance=guidance, scheduler="Euler Karras", seed=2**63 - 1, **more
    )
    asked = {name: value for name, value in params.as_dict().items() if name != "model"}
    for exact, how in ((None, {}), (8, {"mode": "exact:8"})):
        named = {"params": asked, "weights": 'w"ü', "dtype": "float32", **how}
        text = json.dumps(named, sort_keys=True, separators=(",", ":"))
        assert params.key('w"ü', "float32", exact) == hashlib.sha256(text.encode()).hexdigest()
