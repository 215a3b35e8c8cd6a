"""Hub models at a branch, tag or commit, and in a variant of their weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from lookalike_hub import COMMIT, OTHER_COMMIT, REPO
from safetensors.torch import load, save

import dwlab
from dwlab.errors import InvalidInput, ModelError, NotDownloaded
from dwlab.models.hub import is_here
from dwlab.models.identity import identify
from dwlab.models.loading import load as load_model
from dwlab.pictures.png import read_recipe
from dwlab.runs.results import Results
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.spec import catalog

UNET = "unet/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"
WEIGHTS = (UNET, VAE, TEXT)


def in_variant(name, variant="fp16"):
    return name.replace(".safetensors", f".{variant}.safetensors")


def halved(data):
    """Weights that can be told from the plain ones: half as large, in half precision."""
    return save({name: (tensor / 2).half() for name, tensor in load(data).items()})


def fetched_weights(hub):
    return {name for name in hub.fetched() if name.endswith(".safetensors")}


# -- revisions ---------------------------------------------------------------------------------------


@pytest.fixture
def tagged(hub):
    """The hub with an older state of the model under a tag, whose unet is another."""
    older = dict(hub.repositories[REPO])
    older[UNET] = save({name: tensor + 0.01 for name, tensor in load(older[UNET]).items()})
    hub.revisions[REPO, "v1.0"] = (OTHER_COMMIT, older)
    hub.revisions[REPO, "refs/pr/1"] = (OTHER_COMMIT, older)
    return hub


@pytest.mark.parametrize("revision", ["v1.0", OTHER_COMMIT, "refs/pr/1"])
def test_a_tag_a_commit_and_a_branch_name_a_state_of_the_repository(tagged, revision):
    identity = identify(f"{REPO}@{revision}")
    assert identity.weights == OTHER_COMMIT
    assert (identity.folder / UNET).read_bytes() == tagged.revisions[REPO, "v1.0"][1][UNET]
    requests = len(tagged.requests)
    assert identify(f"{REPO}@{revision}", download=False) == identity
    assert len(tagged.requests) == requests


def test_a_commit_is_found_whatever_the_main_branch_is_here(tagged):
    identify(REPO)
    identify(f"{REPO}@v1.0")
    assert identify(REPO, download=False, commit=OTHER_COMMIT).weights == OTHER_COMMIT
    with pytest.raises(NotDownloaded):
        identify(REPO, download=False, commit="f" * 40)


def test_two_revisions_live_side_by_side_and_share_what_is_equal(tagged):
    identify(REPO)
    tagged.requests.clear()
    identify(f"{REPO}@v1.0")
    assert identify(REPO, download=False).weights == COMMIT
    assert identify(f"{REPO}@v1.0", download=False).weights == OTHER_COMMIT
    assert not tagged.resumed
    gets = [name for name in fetched_weights(tagged) if name != UNET]
    assert gets == [], "the contents that are equal were here already"


def test_the_key_is_the_commit_s_however_it_is_named(tagged):
    key = {}
    for model in (REPO, f"{REPO}@main", f"{REPO}@{COMMIT}", f"{REPO}@v1.0"):
        picture = dwlab.generate("a red circle", model=model, width=64, height=64, steps=1)
        key[model] = picture.key
    assert key[REPO] == key[f"{REPO}@main"] == key[f"{REPO}@{COMMIT}"]
    assert key[f"{REPO}@v1.0"] != key[REPO]


def test_a_revision_that_is_not_there_is_told_with_the_page_to_look_at(tagged):
    with pytest.raises(
        ModelError, match=r"'owner/tiny@v9' is not downloaded.*no such revision.*/owner/tiny"
    ):
        identify(f"{REPO}@v9")


def test_a_revision_that_is_not_downloaded_is_named_with_the_command(tagged):
    identify(REPO)
    with pytest.raises(NotDownloaded, match=r"`dwlab pull owner/tiny@v1\.0` downloads it"):
        identify(f"{REPO}@v1.0", download=False)


@pytest.mark.parametrize(
    "name", ["owner/tiny@", "owner/tiny@../x", "owner/tiny@a/../b", "owner/tiny@a b", "owner/tiny@-x",
             "owner/tiny@a@b", "owner/tiny@/etc", "owner/tiny@x\n"],
)  # fmt: skip
def test_a_name_that_no_revision_can_have_is_refused(name):
    with pytest.raises(ModelError, match="owner/name@revision"):
        catalog.lookup(name)


# -- variants ----------------------------------------------------------------------------------------


@pytest.fixture
def both(hub):
    """The hub with the model's weights in full and in half precision."""
    files = hub.repositories[REPO]
    for name in WEIGHTS:
        files[in_variant(name)] = halved(files[name])
    return hub


def test_of_two_variants_only_the_chosen_one_is_fetched(both):
    identify(REPO)
    assert fetched_weights(both) == set(WEIGHTS)
    both.requests.clear()
    identify(REPO, variant="fp16")
    assert fetched_weights(both) == {in_variant(name) for name in WEIGHTS}
    assert is_here(REPO) and is_here(REPO, None, "fp16")


def test_a_variant_is_loaded_and_has_keys_of_its_own(both):
    plain = load_model(REPO)
    half = load_model(REPO, variant="fp16")
    assert half.identity.weights == f"{COMMIT}+variant-fp16"
    assert half.identity.files_hash == plain.identity.weights == COMMIT
    weights = [model.pipeline.unet.conv_in.weight for model in (plain, half)]
    assert torch.allclose(weights[0] / 2, weights[1], atol=1e-3)
    assert not torch.allclose(*weights, atol=1e-3)


def test_a_model_that_is_there_as_fp16_only_names_the_variant(both):
    for name in WEIGHTS:
        del both.repositories[REPO][name]
    with pytest.raises(ModelError, match=r"only in the variant fp16: write `variant: fp16`"):
        identify(REPO)
    assert not fetched_weights(both)
    assert identify(REPO, variant="fp16").variant == "fp16"


def test_a_variant_that_the_model_lacks_is_refused_before_weights_are_fetched(both):
    with pytest.raises(
        InvalidInput, match=r"variant is 'bf16'.*left out, or fp16, for model 'owner/tiny'"
    ):
        identify(REPO, variant="bf16")
    assert not fetched_weights(both)


def test_parts_without_the_variant_are_taken_in_the_plain_form(both):
    del both.repositories[REPO][in_variant(VAE)]
    folder = identify(REPO, variant="fp16").folder
    assert fetched_weights(both) == {in_variant(UNET), in_variant(TEXT), VAE}
    assert identify(REPO, variant="fp16", download=False).folder == folder


def test_plain_weights_never_stand_in_for_a_variant_whose_download_was_cut(both):
    identify(REPO)
    both.cut[in_variant(UNET)] = 99
    with pytest.raises(ModelError, match="the connection broke"):
        identify(REPO, variant="fp16")
    with pytest.raises(NotDownloaded, match="the weights of unet are missing"):
        identify(REPO, variant="fp16", download=False)


def test_shards_of_a_variant_are_fetched_with_their_index(hub):
    files = hub.repositories[REPO]
    names = [
        "text_encoder/model.fp16-00001-of-00002.safetensors",
        "text_encoder/model.fp16-00002-of-00002.safetensors",
    ]
    tensors = load(files[TEXT])
    halves = [dict(list(tensors.items())[k::2]) for k in (0, 1)]
    files |= {name: save(half) for name, half in zip(names, halves, strict=True)}
    shards = {tensor: Path(names[k]).name for k in (0, 1) for tensor in halves[k]}
    index = "text_encoder/model.safetensors.index.fp16.json"
    files[index] = json.dumps({"metadata": {}, "weight_map": shards}).encode()
    identity = identify(REPO, variant="fp16")
    assert fetched_weights(hub) == {*names, UNET, VAE} and index in hub.fetched()
    model = load_model(REPO, variant="fp16")
    assert model.identity.weights == identity.weights


# -- folders ------------------------------------------------------------------------------------------


def test_a_folder_has_variants_too(pipeline):
    for name in WEIGHTS:
        (pipeline / in_variant(name)).write_bytes(halved((pipeline / name).read_bytes()))
    plain = identify(str(pipeline))
    half = identify(str(pipeline), variant="fp16")
    assert half.weights == f"{plain.weights}+variant-fp16"
    assert load_model(str(pipeline), variant="fp16").identity == half


def test_a_folder_with_fp16_only_names_the_variant(pipeline):
    for name in WEIGHTS:
        shutil.move(pipeline / name, pipeline / in_variant(name))
    with pytest.raises(ModelError, match=r"in the variant fp16, write `variant: fp16`"):
        identify(str(pipeline))
    assert identify(str(pipeline), variant="fp16").variant == "fp16"


@pytest.mark.parametrize("model", ["shapes", "sd15-geometry"])
def test_a_model_without_the_variant_refuses_it(model):
    with pytest.raises(InvalidInput, match=rf"variant is 'fp16'.*left out, for model '{model}'"):
        identify(model, variant="fp16")


def test_a_variant_is_an_axis_with_a_column_and_is_read_back_from_the_picture(both, tmp_path):
    base = {"prompt": "a star", "model": REPO, "width": 64, "height": 64, "steps": 1}
    spec = Sweep("forms", base=base, axes={"variant": [None, "fp16"]})
    assert run(spec, results=tmp_path).failed == 0
    table = Results(tmp_path).table("forms")
    assert list(table["variant"]) == ["", "fp16"]
    assert table["key"].nunique() == 2
    recipes = [read_recipe(tmp_path / image)["params"] for image in table["image"]]
    assert [recipe.get("variant") for recipe in recipes] == [None, "fp16"]
    assert dwlab.generate(**recipes[1]).key == table["key"][1]


# -- names of the catalog, and repositories that left -------------------------------------------------

RUNWAY = "runwayml/stable-diffusion-v1-5"
SUCCESSOR = "stable-diffusion-v1-5/stable-diffusion-v1-5"


def test_a_name_of_the_catalog_is_its_pinned_commit_and_not_the_newest(hub):
    pinned = catalog.CATALOG["sd15"].revision
    hub.repositories[SUCCESSOR] = {"model_index.json": b"newer"}
    hub.revisions[SUCCESSOR, pinned] = (pinned, hub.repositories[REPO])
    assert identify("sd15").weights == pinned
    with pytest.raises(
        NotDownloaded,
        match=r"model 'sdxl' \(stabilityai/.*\) is not downloaded yet; `dwlab pull sdxl`",
    ):
        identify("sdxl", download=False)


def test_a_repository_that_left_the_hub_is_fetched_from_its_successor(hub):
    hub.repositories[SUCCESSOR] = hub.repositories[REPO]
    assert identify(RUNWAY).weights == COMMIT
    assert not [request for request in hub.requests if RUNWAY in request]


def test_a_repository_that_left_the_hub_stays_what_it_was_where_it_is_here(hub, monkeypatch):
    hub.repositories[RUNWAY] = hub.repositories[REPO]
    hub.revisions[SUCCESSOR, "main"] = (OTHER_COMMIT, hub.repositories[REPO])
    with monkeypatch.context() as before:
        before.setattr(catalog, "successor", lambda repository: repository)
        identify(RUNWAY)
    hub.requests.clear()
    assert identify(RUNWAY).weights == COMMIT and hub.requests == []
