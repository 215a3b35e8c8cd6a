"""Single files of hub repositories, and downloads that are cut in the middle of a file."""

from __future__ import annotations

import hashlib
import re

import pytest
import torch
from huggingface_hub import constants
from lookalike_hub import CANARY, COMMIT, OTHER_COMMIT, REPO, Hub
from safetensors.torch import save

from dwlab.errors import InvalidInput, ModelError, NotDownloaded
from dwlab.models import transfers
from dwlab.models.hub import file_of, part_of
from dwlab.models.identity import identify

STYLE = "owner/style"
FILE = "loras/style (v2).safetensors"
UNET = "unet/diffusion_pytorch_model.safetensors"
WEIGHTS = save({"a.lora_down.weight": torch.arange(20_000.0)})
OTHER_WEIGHTS = save({"a.lora_down.weight": torch.ones(9)})


@pytest.fixture
def style(hub):
    """The hub with a repository of one LoRA, and another LoRA under a tag."""
    hub.repositories[STYLE] = {FILE: WEIGHTS, "README.md": b"x", "style.bin": b"pickle"}
    hub.revisions[STYLE, "v1.0"] = (OTHER_COMMIT, {FILE: OTHER_WEIGHTS})
    return hub


def test_a_file_is_fetched_alone_and_once(style):
    path = file_of(STYLE, FILE)
    assert path.read_bytes() == WEIGHTS and COMMIT in path.parts
    assert style.fetched() == [FILE]
    requests = len(style.requests)
    assert file_of(STYLE, FILE, download=False) == path and len(style.requests) == requests


def test_a_file_of_a_tag_or_a_commit_is_that_revision_s(style):
    assert file_of(STYLE, FILE, "v1.0").read_bytes() == OTHER_WEIGHTS
    assert file_of(STYLE, FILE, COMMIT).read_bytes() == WEIGHTS
    assert file_of(STYLE, FILE, "v1.0", download=False).read_bytes() == OTHER_WEIGHTS


def test_a_revision_that_is_not_there_is_told(style):
    with pytest.raises(ModelError, match=r"'owner/style@v9' .*has no such revision"):
        file_of(STYLE, FILE, "v9")


def test_without_the_right_to_download_the_file_is_named(style):
    with pytest.raises(NotDownloaded, match=re.escape(f"file {FILE!r} of 'owner/style@v1.0'")):
        file_of(STYLE, FILE, "v1.0", download=False)
    assert not style.requests


@pytest.mark.parametrize(
    "name",
    ["style.bin", "style.ckpt", "../x.safetensors", "/etc/x.safetensors", "a/../x.safetensors",
     ".hidden.safetensors", "a//x.safetensors", "a\\x.safetensors", "x.safetensors\n", "x\0.safetensors",
     "", "x.safetensors.exe", "http://x/y.safetensors"],
)  # fmt: skip
def test_anything_but_a_safetensors_file_of_the_repository_is_refused_unasked(style, name):
    with pytest.raises(InvalidInput, match=r"file is .*allowed: the path of a \.safetensors file"):
        file_of(STYLE, name)
    assert not style.requests


def test_a_file_that_the_repository_lacks_is_told_with_those_that_it_has(style):
    with pytest.raises(
        ModelError, match=re.escape(f"no file 'x.safetensors'; its safetensors: {FILE}")
    ):
        file_of(STYLE, "x.safetensors")


HOSTILE = {
    "no safetensors at all": b"\x80\x04pickle" * 20,
    "a huge header": (1 << 40).to_bytes(8, "little") + b"{}",
    "cut short": WEIGHTS[:-9],
    "more than its header says": WEIGHTS + b"more",
    "empty": b"",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_and_named(style, case):
    style.repositories[STYLE][FILE] = HOSTILE[case]
    with pytest.raises(ModelError, match=r"style \(v2\)\.safetensors (is|has) .*; delete "):
        file_of(STYLE, FILE)


def test_the_hub_s_failures_are_told_as_for_models(style):
    style.fail[STYLE] = (403, {"X-Error-Code": "GatedRepo"})
    with pytest.raises(
        ModelError, match=r"^file .* is not downloaded yet, .*gated.*accept its terms"
    ):
        file_of(STYLE, FILE)


# -- parts ---------------------------------------------------------------------------------------------

NET = "owner/net"
PART = "diffusion_pytorch_model.safetensors"
PLAIN = {"config.json": b'{"_class_name": "ControlNetModel"}', PART: WEIGHTS}


def test_a_part_is_its_config_and_the_weights_of_one_form(hub):
    other = PART.replace(".safetensors", ".fp16.safetensors")
    hub.repositories[NET] = PLAIN | {other: OTHER_WEIGHTS, "x.bin": b"x", "run.py": b"x"}
    folder = part_of(NET)
    assert set(hub.fetched()) == {"config.json", PART}
    assert part_of(NET, download=False) == folder
    hub.requests.clear()
    assert (part_of(NET, variant="fp16") / other).read_bytes() == OTHER_WEIGHTS
    with pytest.raises(InvalidInput, match=r"variant is 'bf16'.*left out, or fp16"):
        part_of(NET, variant="bf16")


def test_a_part_in_a_folder_of_a_pipeline(hub):
    folder = part_of(REPO, "vae")
    assert folder.name == "vae" and {name.split("/")[0] for name in hub.fetched()} == {"vae"}


def test_a_part_that_is_not_there_or_is_a_pickle_is_told(hub):
    hub.repositories[NET] = {"config.json": b"{}", "diffusion_pytorch_model.bin": b"pickle"}
    with pytest.raises(ModelError, match="no safetensors of the part; dwlab loads nothing else"):
        part_of(NET)
    with pytest.raises(ModelError, match=r"no file 'vae/config\.json'"):
        part_of(NET, "vae")
    with pytest.raises(InvalidInput, match=r"part is '\.\./x'"):
        part_of(NET, "../x")
    with pytest.raises(NotDownloaded):
        part_of("owner/other", download=False)


def test_a_hostile_config_of_a_part_is_refused(hub):
    config = b'{"_class_name": "ControlNetModel", "transformers_weights": "/etc/passwd"}'
    hub.repositories[NET] = PLAIN | {"config.json": config}
    with pytest.raises(ModelError, match="transformers_weights is '/etc/passwd'"):
        part_of(NET)


def test_the_cause_of_a_failure_stays_with_the_error(style):
    style.fail[STYLE] = (429, {})
    with pytest.raises(ModelError) as caught:
        file_of(STYLE, FILE)
    assert caught.value.__cause__.response.status_code == 429


# -- cut in the middle ---------------------------------------------------------------------------------


@pytest.fixture
def small_chunks(monkeypatch):
    """The hub's library writes what arrives every 10 MB, which is more than these files have."""
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1 << 10)


def test_a_cut_file_is_continued_in_a_later_run_from_the_byte_where_it_ended(style, small_chunks):
    style.cut[FILE] = 99
    style.chunk = 1 << 10
    with pytest.raises(ModelError, match="the connection broke"):
        file_of(STYLE, FILE)
    (part,) = (transfers.blobs(STYLE)).glob("*.incomplete")
    arrived = part.stat().st_size
    assert 0 < arrived < len(WEIGHTS)
    style.cut.clear()
    style.resumed.clear()
    downloads = []
    path = file_of(STYLE, FILE, on_download=downloads.append)
    assert style.resumed == [(FILE, arrived)]
    assert path.read_bytes() == WEIGHTS
    assert downloads[-1].over and downloads[-1].bytes == len(WEIGHTS)
    assert not list(transfers.blobs(STYLE).glob("*.incomplete"))


def test_a_cut_model_is_continued_from_the_byte_where_it_ended(hub, small_chunks):
    hub.cut[UNET] = 99
    with pytest.raises(ModelError, match="the connection broke"):
        identify(REPO)
    hub.cut.clear()
    hub.resumed.clear()
    folder = identify(REPO).folder
    ((name, start),) = hub.resumed
    assert name == UNET and start > 0
    assert (folder / UNET).read_bytes() == hub.repositories[REPO][UNET]


def test_what_arrived_of_other_contents_is_not_mixed_in(style, small_chunks):
    style.cut[FILE] = 99
    with pytest.raises(ModelError, match="the connection broke"):
        file_of(STYLE, FILE)
    style.cut.clear()
    style.repositories[STYLE][FILE] = OTHER_WEIGHTS
    assert file_of(STYLE, FILE).read_bytes() == OTHER_WEIGHTS


def test_a_damaged_part_is_noticed_by_the_hub_s_hash_and_begun_anew(style):
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    part = transfers.blobs(STYLE) / f"{digest}.dwlab.incomplete"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"?" * 5000)
    with pytest.raises(ModelError, match=r"arrived damaged .*run this again"):
        file_of(STYLE, FILE)
    assert file_of(STYLE, FILE).read_bytes() == WEIGHTS


def test_what_has_arrived_counts_for_the_disk(style, small_chunks, monkeypatch):
    style.cut[FILE] = 99
    with pytest.raises(ModelError, match="the connection broke"):
        file_of(STYLE, FILE)
    style.cut.clear()
    usage = transfers.shutil._ntuple_diskusage(10**6, 10**6, len(WEIGHTS) - 100)
    monkeypatch.setattr(transfers.shutil, "disk_usage", lambda _: usage)
    assert file_of(STYLE, FILE).read_bytes() == WEIGHTS


def test_the_token_is_sent_to_the_hub_only_and_not_to_where_it_stores_weights(style):
    with Hub() as store:
        store.repositories = style.repositories
        style.store = store.url
        assert file_of(STYLE, FILE).read_bytes() == WEIGHTS
        assert store.fetched() == [FILE] and store.tokens == set()
    assert style.tokens == {f"Bearer {CANARY}"}
