"""LoRAs, embeddings and parts of the hub: fetched by a run, kept at their commit, found offline."""

from __future__ import annotations

import json

import pytest
import tiny_loras
import torch
from huggingface_hub import constants
from lookalike_hub import CANARY, COMMIT, OTHER_COMMIT
from safetensors.torch import save

import dwlab
from dwlab.errors import InvalidInput, ModelError, NotDownloaded
from dwlab.models import fingerprint
from dwlab.pictures import recipes
from dwlab.runs.results import Results
from dwlab.runs.sweep import Sweep

STYLE = "owner/style"
FILE = "loras/ink.safetensors"
SIZE = {"width": 16, "height": 16, "steps": 2}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A tiny model in a folder, with two LoRAs and a VAE for it."""
    folder = tmp_path_factory.mktemp("made")
    tiny_loras.save_model_with_adapters(folder, "soft/vae")
    return folder


@pytest.fixture
def style(hub, made, monkeypatch):
    """The hub with a repository of a LoRA, and another LoRA under a tag."""
    monkeypatch.setattr(fingerprint, "SETTLED", -1.0)
    hub.repositories[STYLE] = {FILE: (made / "ink.safetensors").read_bytes()}
    oil = (made / "oil.safetensors").read_bytes()
    hub.revisions[STYLE, "v1.0"] = (OTHER_COMMIT, {FILE: oil})
    return hub


def drawn(made, **values):
    return dwlab.generate("a star", model=str(made / "model"), device="cpu", **SIZE, **values)


def of_hub(**changes):
    return [{"hub": STYLE, "file": FILE, "weight": 0.8, **changes}]


def test_a_lora_of_the_hub_is_that_file_at_its_commit(style, made):
    local = drawn(made, loras=[{"file": str(made / "ink.safetensors"), "weight": 0.8}])
    picture = drawn(made, loras=of_hub())
    assert picture.key == local.key
    (lora,) = picture.params.loras
    assert (lora.revision, lora.name) == (COMMIT, "ink")
    tagged = drawn(made, loras=of_hub(revision="v1.0"))
    assert tagged.params.loras[0].revision == OTHER_COMMIT
    assert tagged.key != picture.key
    assert style.fetched() == [FILE, FILE]


def test_a_row_and_a_png_name_the_commit_and_work_offline(style, made, tmp_path, monkeypatch):
    base = {"prompt": "a star", "loras": of_hub(), **SIZE}
    axes = {"loras.ink.weight": [0.4, 0.8]}
    sweep = Sweep("ink", str(made / "model"), base, axes)
    sweep.run(tmp_path / "results", device="cpu")
    requests = len(style.requests)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    row = Results(tmp_path / "results").table("ink").iloc[1]
    assert json.loads(row["loras"])[0]["revision"] == COMMIT
    assert drawn(made, loras=json.loads(row["loras"])).key == row["key"]
    png = (tmp_path / "results" / row["image"]).read_bytes()
    params, _ = recipes.read(png).fit(row["model"])
    assert (params.loras[0].hub, params.loras[0].revision) == (STYLE, COMMIT)
    assert drawn(made, loras=params.loras).key == row["key"]
    assert len(style.requests) == requests
    assert CANARY.encode() not in png


def test_a_plan_downloads_nothing_and_says_what_is_missing(style, made, tmp_path):
    sweep = Sweep("ink", str(made / "model"), {"prompt": "a star", "loras": of_hub(), **SIZE}, {})
    text = str(sweep.plan(tmp_path / "results"))
    assert "ink.safetensors" in text and "not downloaded yet" in text
    with pytest.raises(NotDownloaded, match="first run downloads it"):
        list(dwlab.stream([cell.params for cell in sweep.cells()], download=False))
    assert not style.requests


def test_what_the_hub_lacks_is_told_before_a_model_loads(style, made):
    with pytest.raises(ModelError, match=r"no file 'x\.safetensors'; its safetensors"):
        drawn(made, loras=of_hub(file="x.safetensors"))
    with pytest.raises(ModelError, match="no such revision"):
        drawn(made, loras=of_hub(revision="v9"))
    style.fail[STYLE] = (404, {"X-Error-Code": "RepoNotFound"})
    with pytest.raises(ModelError, match=STYLE):
        drawn(made, loras=of_hub())
    with pytest.raises(InvalidInput, match=r"loras\[0\].file"):
        drawn(made, loras=of_hub(file="style.ckpt"))


def test_a_download_that_was_cut_goes_on_in_the_next_run(style, made, monkeypatch):
    # the hub's library writes what arrives every 10 MB, which is more than this file has
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1 << 10)
    style.chunk = 1 << 10
    style.cut[FILE] = 99
    with pytest.raises(ModelError, match="the connection broke"):
        drawn(made, loras=of_hub())
    style.cut.clear()
    style.resumed.clear()
    assert drawn(made, loras=of_hub()).params.loras[0].revision == COMMIT
    ((name, start),) = style.resumed
    assert name == FILE and start > 0


def test_a_run_tells_of_the_download(style, made):
    cells = [
        dwlab.GenerationParams.of(prompt="a", model=str(made / "model"), loras=of_hub(), **SIZE)
    ]
    kinds = [event.kind for event in dwlab.stream(cells, device="cpu")]
    assert kinds[0] == "download" and kinds[-1] == "done"


def test_an_embedding_of_the_hub_is_fetched_too(style, made):
    style.repositories[STYLE] = {"ink.safetensors": save({"emb_params": torch.randn(2, 32)})}
    word = {"hub": STYLE, "file": "ink.safetensors", "token": "<ink>"}
    picture = drawn(made, embeddings=[word])
    assert picture.params.embeddings[0].revision == COMMIT
    assert picture.key != drawn(made).key


def test_a_vae_of_the_hub_is_a_folder_of_a_repository(style, made):
    style.add("owner/soft", made / "soft")
    picture = drawn(made, vae="owner/soft/vae@main")
    assert picture.params.vae.model == f"owner/soft/vae@{COMMIT}"
    assert picture.key == drawn(made, vae=str(made / "soft" / "vae")).key
    requests = len(style.requests)
    params, _ = recipes.read(picture.png()).fit(str(made / "model"))
    assert drawn(made, vae=params.vae).key == picture.key
    assert len(style.requests) == requests
    with pytest.raises(ModelError, match=r"has no file 'unet/config.json'"):
        drawn(made, components={"unet": "owner/soft/unet"})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hub": "owner"}, "hub"),
        ({"hub": "owner/../x"}, "hub"),
        ({"revision": "a b"}, "revision"),
        ({"hub": "", "revision": "v1"}, "revision"),
        ({"file": ""}, "file"),
        ({"file": "../x.safetensors"}, "file"),
    ],
)
def test_what_is_no_file_of_a_repository_is_refused_unasked(style, made, changes, field):
    with pytest.raises(InvalidInput) as caught:
        drawn(made, loras=of_hub(**changes))
    assert caught.value.field == f"loras[0].{field}"
    assert not style.requests
