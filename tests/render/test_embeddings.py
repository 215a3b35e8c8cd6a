"""Textual inversions: pictures are those of the plain stock call, and the vocabulary is put back."""

from __future__ import annotations

import diffusers
import pytest
import tiny
import torch
from safetensors.torch import save_file
from side_by_side import made, stock_picture
from start_pictures import difference

import dwlab
from dwlab.errors import InvalidInput
from dwlab.models import alterations, loading
from dwlab.spec.params import GenerationParams

TOKEN = "<ink>"
PROMPTS = ("a red <ink> circle", "a small <ink> square and <ink>", "a plain star")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tiny models, and files for one and for two text encoders, of one and of several vectors."""
    folder = tmp_path_factory.mktemp("embeddings")
    for family in ("sd", "sdxl", "sd3"):
        getattr(tiny, family)().save_pretrained(folder / family)
    torch.manual_seed(0)
    save_file({"emb_params": torch.randn(1, 32)}, folder / "one.safetensors")
    save_file({TOKEN: torch.randn(3, 32)}, folder / "three.safetensors")
    both = {"clip_l": torch.randn(2, 32), "clip_g": torch.randn(2, 32)}
    save_file(both, folder / "both.safetensors")
    save_file({"emb_params": torch.randn(1, 768)}, folder / "large.safetensors")
    save_file({"a": torch.randn(1, 32), "b": torch.randn(1, 32)}, folder / "two.safetensors")
    return folder


def cells(folder, family, file, token=TOKEN):
    embeddings = [{"file": str(folder / f"{file}.safetensors"), "token": token}] if file else []
    base = {"model": str(folder / family), "width": 16, "height": 16, "steps": 2}
    return [
        GenerationParams(prompt, seed=seed, embeddings=embeddings, **base)
        for seed, prompt in enumerate(PROMPTS)
    ]


def stock(params, load):
    """What a user would write. load: adds the embedding to the pipeline."""
    pipeline = diffusers.AutoPipelineForText2Image.from_pretrained(params.model)
    pipeline.set_progress_bar_config(disable=True)
    load(pipeline)
    return stock_picture(pipeline, params)


@pytest.mark.parametrize("file", ["one", "three"])
def test_pictures_are_those_of_the_stock_call_alone_and_packed(folder, file):
    path = str(folder / f"{file}.safetensors")
    params = cells(folder, "sd", file)
    expected = [
        stock(each, lambda p: p.load_textual_inversion(path, token=TOKEN)) for each in params
    ]
    plain = made(cells(folder, "sd", None))
    for pack in (1, None):
        pictures = made(params, pack=pack)
        for picture, picture_of_stock in zip(pictures, expected, strict=True):
            assert difference(picture.image, picture_of_stock) <= 1
    assert difference(pictures[0].image, plain[0].image) > 1
    assert difference(pictures[2].image, plain[2].image) == 0
    assert pictures[0].key != plain[0].key


def test_a_file_for_two_text_encoders_is_loaded_into_both(folder):
    from safetensors.torch import load_file

    def load(pipeline):
        vectors = load_file(folder / "both.safetensors")
        pipeline.load_textual_inversion(
            vectors["clip_l"],
            token=TOKEN,
            text_encoder=pipeline.text_encoder,
            tokenizer=pipeline.tokenizer,
        )
        pipeline.load_textual_inversion(
            vectors["clip_g"],
            token=TOKEN,
            text_encoder=pipeline.text_encoder_2,
            tokenizer=pipeline.tokenizer_2,
        )

    params = cells(folder, "sdxl", "both")
    for picture, each in zip(made(params), params, strict=True):
        assert difference(picture.image, stock(each, load)) <= 1


@pytest.mark.parametrize(("family", "file"), [("sd", "three"), ("sdxl", "both")])
def test_the_next_pictures_never_see_an_embedding(folder, family, file):
    model = loading.load(str(folder / family), "cpu")
    before = made(cells(folder, family, None), model=model)
    made(cells(folder, family, file), model=model)
    assert alterations.digest(model.loaded, model.pipeline) is None
    after = made(cells(folder, family, None), model=model)
    assert [picture.png() for picture in after] == [picture.png() for picture in before]


def test_a_token_that_the_model_knows_fails_its_own_cells(folder):
    params = [*cells(folder, "sd", "one", token="a</w>")[:1], *cells(folder, "sd", None)[:1]]
    kinds = {
        event.index: event for event in dwlab.stream(params) if event.kind in ("done", "failed")
    }
    assert "already in tokenizer vocabulary" in kinds[0].error
    assert kinds[1].kind == "done"


@pytest.mark.parametrize(
    ("family", "file", "words"),
    [
        ("sd", "large", "vectors of 32 numbers; this one has 1 x 768"),
        ("sd", "both", "has no text_encoder_2"),
        ("sd", "two", "this file has 2 tensors"),
        ("sd", "none", "a safetensors file that exists"),
    ],
)
def test_a_file_that_is_no_embedding_for_the_model_is_refused_before_it_loads(
    folder, family, file, words, monkeypatch
):
    monkeypatch.setattr(loading, "_load_pipeline", lambda *_: pytest.fail("a model was loaded"))
    with pytest.raises(InvalidInput, match=words):
        made(cells(folder, family, file))


@pytest.mark.parametrize(
    ("embeddings", "words"),
    [
        ("x", "a list like"),
        ([{"file": "x"}], r"embeddings\[0\].token is ''"),
        ([{"file": "x", "token": "a b"}], "a word without white space"),
        ([{"file": "x", "token": "a", "weight": 1}], r"embeddings\[0\].weight"),
        ([{"file": "x", "token": "a"}, {"file": "y", "token": "a"}], "no other embedding"),
        ([{"token": "a"}], r"embeddings\[0\].file"),
    ],
)
def test_a_recipe_with_a_wrong_embedding_is_refused(embeddings, words):
    with pytest.raises(InvalidInput, match=words):
        GenerationParams("x", embeddings=embeddings)
