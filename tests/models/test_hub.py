"""Hub models against a hub on this machine: what is fetched, what is told meanwhile, and what every failure says."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from huggingface_hub import constants
from lookalike_hub import CANARY, COMMIT, REPO, Hub, environment
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import ModelError, NotDownloaded
from dwlab.events import Cancelled, Download
from dwlab.models import hub_errors, transfers
from dwlab.models.download_bar import DownloadBar
from dwlab.models.identity import identify
from dwlab.runs.keep import keep
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.spec.catalog import SHAPES_FOLDER
from dwlab.spec.params import GenerationParams

UNET = "unet/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"


def recipe(**changes):
    return GenerationParams(
        "a red circle", **{"model": REPO, "width": 64, "height": 64, "steps": 1, **changes}
    )


# -- what is fetched ---------------------------------------------------------------------------------


def test_a_model_is_fetched_once_and_drawn_with(hub):
    picture = dwlab.generate("a red circle", model=REPO, width=64, height=64, steps=1)
    assert picture.weights == COMMIT
    assert set(hub.fetched()) == set(hub.repositories[REPO]) - {"README.md"}
    asked = len(hub.requests)
    assert identify(REPO).weights == COMMIT and len(hub.requests) == asked


def test_only_the_files_that_the_pipeline_loads_are_fetched(hub):
    extra = ("unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.bin", "v1.safetensors", "run.py",
             "unet/custom.py", "unet/model.onnx", "vae/diffusion_pytorch_model.bin.index.json", "photos/a.json", "big.ckpt")  # fmt: skip
    hub.repositories[REPO] |= dict.fromkeys(extra, b"x" * 100)
    identify(REPO)
    assert not set(hub.fetched()) & set(extra)


def test_the_files_are_those_that_diffusers_itself_would_fetch(hub, tmp_path):
    from diffusers import DiffusionPipeline

    names = (
        "text_encoder/model.fp16.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors",
        "unet/x.bin",
    )
    hub.repositories[REPO] |= dict.fromkeys(names, b"x")
    ours = identify(REPO).folder
    theirs = Path(
        DiffusionPipeline.download(REPO, use_safetensors=True, cache_dir=tmp_path / "theirs")
    )
    files = [
        {path.relative_to(f).as_posix() for path in f.rglob("*") if path.is_file()}
        for f in (ours, theirs)
    ]
    assert files[0] == files[1]


def test_a_wrong_kind_is_told_before_its_weights_are_fetched(hub):
    config = json.loads(hub.repositories[REPO]["unet/config.json"]) | {"in_channels": 7}
    hub.repositories[REPO]["unet/config.json"] = json.dumps(config).encode()
    with pytest.raises(ModelError, match="enlarges a picture"):
        identify(REPO)
    assert not [name for name in hub.fetched() if name.endswith(".safetensors")]


def test_a_repository_that_is_no_pipeline_is_told_what_it_is(hub):
    hub.repositories |= {
        "owner/lora": {"pytorch_lora_weights.safetensors": b"x"},
        "owner/control": {
            "config.json": b'{"_class_name": "ControlNetModel"}',
            "model.safetensors": b"x",
        },
        "owner/single": {"v1-5-pruned.safetensors": b"x"},
        "owner/text": {"config.json": b'{"model_type": "llama"}'},
    }
    for repo, words in {
        "lora": "a LoRA",
        "control": "a ControlNet",
        "single": "single-file",
        "text": "llama",
    }.items():
        with pytest.raises(
            ModelError, match=rf"{words}.* a repository without a model_index\.json; dwlab draws"
        ):
            identify(f"owner/{repo}")
    assert not [name for name in hub.fetched() if name.endswith(".safetensors")]


@pytest.mark.parametrize(
    ("suffix", "words"),
    [
        ("fp16.safetensors", "weights of unet only in the variant fp16"),
        ("bin", "no safetensors of unet"),
    ],
)
def test_weights_in_another_form_are_told_before_any_are_fetched(hub, suffix, words):
    files = hub.repositories[REPO]
    files[f"unet/diffusion_pytorch_model.{suffix}"] = files.pop(UNET)
    with pytest.raises(ModelError, match=words):
        identify(REPO)
    assert not [name for name in hub.fetched() if name.endswith((".safetensors", ".bin"))]


def test_what_does_not_fit_on_the_disk_is_refused_before_it_arrives(hub, monkeypatch):
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**6, 10**6, 1000)
    )
    with pytest.raises(
        ModelError, match=r"needs .* GB, and the disk of .* free some space, or set HF_HOME"
    ):
        identify(REPO)


# -- interrupted -------------------------------------------------------------------------------------


def test_a_cut_download_goes_on_in_the_next_run_and_the_files_are_the_hub_s(hub):
    hub.cut[UNET] = 99
    with pytest.raises(
        ModelError, match="the connection broke: run this again: complete files are kept"
    ):
        identify(REPO)
    with pytest.raises(
        NotDownloaded,
        match=r"only partly downloaded .*weights of unet are missing.*dwlab pull owner/tiny",
    ):
        identify(REPO, download=False)
    hub.cut.clear()
    arrived = {name for name in hub.repositories[REPO] if is_here(name)}
    hub.requests.clear()
    folder = identify(REPO).folder
    assert UNET in hub.fetched() and not set(hub.fetched()) & arrived
    for name in (UNET, VAE, "model_index.json", "tokenizer/tokenizer.json"):
        assert (folder / name).read_bytes() == hub.repositories[REPO][name]


def is_here(name):
    return (
        Path(constants.HF_HUB_CACHE) / "models--owner--tiny" / "snapshots" / COMMIT / name
    ).exists()


def test_a_connection_that_is_cut_once_is_taken_up_where_it_was(hub):
    hub.cut[UNET] = 1
    folder = identify(REPO).folder
    assert (folder / UNET).read_bytes() == hub.repositories[REPO][UNET]


def test_a_broken_file_of_the_cache_is_named_and_fetched_anew_once_it_is_deleted(hub):
    path = (identify(REPO).folder / UNET).resolve()
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ModelError, match=r"cut short: it has .* delete ") as caught:
        identify(REPO)
    assert str(path) in str(caught.value)
    path.unlink()
    assert (identify(REPO).folder / UNET).read_bytes() == hub.repositories[REPO][UNET]


@pytest.mark.parametrize("door", ["stream", "run", "keep"])
def test_a_download_ends_when_it_is_cancelled(hub, tmp_path, door):
    hub.slow, hub.chunk = 0.02, 1 << 10
    cancel, told = threading.Event(), []

    def listen(event):
        told.append(event.kind)
        cancel.set()

    if door == "stream":
        told = [listen(event) for event in dwlab.stream([recipe()], cancel=cancel)]
    elif door == "run":
        spec = Sweep("x", model=REPO, base={"prompt": "a"})
        outcome = run(spec, results=tmp_path / "results", cancel=cancel, on_event=listen)
        assert (outcome.total, outcome.left) == (1, 1)
    else:
        keep(
            [recipe()],
            experiment="explore",
            results=tmp_path / "results",
            cancel=cancel,
            on_event=listen,
        )
    assert told and "done" not in told
    with pytest.raises(NotDownloaded):
        identify(REPO, download=False)


# -- what is told meanwhile ---------------------------------------------------------------------------


def test_a_download_is_told_as_events_of_the_stream(hub):
    events = [
        event
        for event in dwlab.stream([recipe(model="shapes", steps=2), recipe()])
        if event.kind == "download"
    ]
    first, last = events[0].download, events[-1].download
    assert {event.index for event in events} == {1} and events[0].params.model == REPO
    assert last.over and last.bytes == last.total == sum(
        map(len, hub.repositories[REPO].values())
    ) - unneeded(hub)
    assert first.bytes <= last.bytes and [e.download.bytes for e in events] == sorted(
        e.download.bytes for e in events
    )


def unneeded(hub):
    files = hub.repositories[REPO]
    return len(files["model_index.json"]) + len(
        files.get("README.md", b"")
    )  # the index comes before all else


def test_a_download_is_told_to_the_listener_of_a_run_and_in_its_log(hub, tmp_path):
    from dwlab.workflows.sweep import execute

    kinds = []
    spec = Sweep("x", model=REPO, base={"prompt": "a", "width": 64, "height": 64, "steps": 1})
    execute(spec, results=tmp_path, on_event=lambda event: kinds.append(event.kind))
    assert kinds[0] == "download" and kinds[-1] == "done"
    log = (tmp_path / "x" / "run.log").read_text()
    assert "download: owner/tiny: " in log and "MB/s" in log


def test_commands_show_a_download_on_stderr(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["pull", REPO])
    assert result.exit_code == 0 and "owner/tiny is in " in result.stdout
    assert "downloading owner/tiny: " in result.stderr and "done in" in result.stderr
    shutil.rmtree(constants.HF_HUB_CACHE)
    result = CliRunner().invoke(
        app, ["generate", "a", "--model", REPO, "--steps", "1", "--width", "64", "--height", "64"]
    )
    assert result.exit_code == 0 and "downloading owner/tiny: " in result.stderr, result.output
    assert CANARY not in result.output


class Terminal(io.StringIO):
    def isatty(self):
        return True


def download(files, done, seconds=2.0):
    return Download("owner/tiny", files, 14, done, 5_000_000_000, seconds)


def test_a_terminal_has_one_line_that_is_updated():
    stream = Terminal()
    bar = DownloadBar(stream)
    for files, done in ((0, 10**6), (3, 10**9), (14, 5 * 10**9)):
        bar(download(files, done))
    text = stream.getvalue()
    assert "owner/tiny: 14 of 14 files" in text and "5.00GB of 5.00GB" in text and "100%" in text
    assert text.count("\n") == 1
    assert text.split("\r")[1].startswith("owner/tiny: 0 of 14 files"), (
        "with its words from the first"
    )


class Words(list):
    """What a widget's trait was, one after the other."""

    def __call__(self, change):
        self.append(change["new"]["text"] if isinstance(change["new"], dict) else change["new"])


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_the_prompt_bench_says_how_far_a_download_is(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = Words()
    bench = dwlab.explore(REPO)
    bench.observe(said, "status")
    bench.controls = {**bench.controls, "prompt": "a star", "steps": 1, "width": 64, "height": 64}
    bench.run()
    until(lambda: bench.status["text"].startswith("Done"))
    bench.close()
    assert any(
        text.startswith("Downloading owner/tiny (only the first time): ") and "of 9 files" in text
        for text in said
    )
    assert [tile["state"] for tile in bench.stage] == ["done"]


def panel(tmp_path):
    from dwlab.widgets.sweep.panel import SweepPanel
    from dwlab.workflows.sweep import execute

    base = {"prompt": "a", "steps": 1, "width": 64, "height": 64}
    made = SweepPanel({"x": lambda: Sweep("x", model=REPO, base=base)}, execute, root=tmp_path)
    until(lambda: made.page.plan.get("state") == "ready")
    return made


@pytest.mark.slow
def test_the_sweep_panel_says_how_far_a_download_is(hub, tmp_path):
    shown, said = panel(tmp_path), Words()
    shown.page.observe(said, "run")
    shown.start()
    until(lambda: not shown.running and "Done" in shown.page.run["text"])
    assert any(
        "Downloading owner/tiny (only the first time): " in text and "of 9 files" in text
        for text in said
    )


def test_a_download_in_the_sweep_panel_is_cancelled(hub, tmp_path):
    hub.slow, hub.chunk = 0.02, 1 << 12
    shown = panel(tmp_path)
    shown.start()
    until(lambda: "Downloading" in shown.page.run["text"])
    shown.cancel()
    until(lambda: not shown.running and not shown.page.run["running"])
    assert "Stopped" in shown.page.run["text"] and "error" not in shown.page.run["text"]


def test_a_log_has_a_line_now_and_then_with_files_bytes_rate_and_time_left():
    stream = io.StringIO()
    bar = DownloadBar(stream, every=1e9)
    for files in range(14):
        bar(download(files, 10**9 * files // 4))
    bar(download(14, 5 * 10**9, seconds=300))
    first, last = stream.getvalue().splitlines()
    assert first == "downloading owner/tiny: 0 of 14 files, 0.0 of 5,000.0 MB, 0.0 MB/s"
    assert (
        last
        == "downloading owner/tiny: 14 of 14 files, 5,000.0 of 5,000.0 MB, 16.7 MB/s, done in 5 min 00 s"
    )
    assert (
        str(download(3, 10**9))
        == "3 of 14 files, 1,000.0 of 5,000.0 MB, 500.0 MB/s, about 8.0 s left"
    )


# -- what every failure says ----------------------------------------------------------------------------


ANSWERS = {
    "not there": (
        (404, {"X-Error-Code": "RepoNotFound"}),
        "no model with this id (or it is private): check the spelling",
    ),
    "private": (
        (401, {"X-Error-Code": "RepoNotFound"}),
        "no model with this id (or it is private)",
    ),
    "gated": (
        (403, {"X-Error-Code": "GatedRepo"}),
        r"gated, and your account has no access yet: accept its terms at http",
    ),
    "gated by 401": (
        (401, {"X-Error-Code": "GatedRepo"}),
        "gated, and your account has no access yet",
    ),
    "a bad token": (
        (401, {"X-Error-Message": "Invalid credentials in Authorization header"}),
        "the hub refuses your token: make a new one",
    ),
    "forbidden": ((403, {}), "your token does not allow it"),
    "disabled": (
        (403, {"X-Error-Message": "Access to this resource is disabled."}),
        "has disabled it",
    ),
    "too often": (
        (429, {"Retry-After": "77"}),
        r"received too many requests \(429\): wait 77 s, then run this again",
    ),
    "too often, unsaid": ((429, {}), "wait some minutes"),
    "a fault": ((500, {}), r"a fault of its own \(500\): try again later"),
    "overloaded": ((503, {}), r"a fault of its own \(503\)"),
    "a gateway": ((502, {}), r"a fault of its own \(502\)"),
    "no revision": ((404, {"X-Error-Code": "RevisionNotFound"}), "no such revision"),
    "a teapot": (
        (418, {"X-Error-Message": "short and stout"}),
        r"answered with 418 \(short and stout\)",
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_of_the_hub_has_its_own_sentence(hub, case):
    hub.fail[REPO], words = ANSWERS[case]
    words = words.replace("(or it", r"\(or it").replace("private)", r"private\)")
    with pytest.raises(
        ModelError,
        match=rf"^model 'owner/tiny' is not downloaded yet, and cannot be downloaded: .*{words}",
    ) as caught:
        identify(REPO)
    assert CANARY not in str(caught.value) and "\n" not in str(caught.value)


def test_without_a_token_a_gated_model_asks_to_sign_in(hub, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    hub.fail[REPO] = (401, {"X-Error-Code": "GatedRepo"})
    with pytest.raises(
        ModelError, match=r"accept its terms at .*, then sign in with `hf auth login`"
    ):
        identify(REPO)
    hub.fail[REPO] = (401, {"X-Error-Code": "RepoNotFound"})
    with pytest.raises(ModelError, match=r"if it is private, sign in"):
        identify(REPO)


def test_a_failure_half_way_says_the_same_and_what_is_missing(hub):
    hub.cut[UNET] = 99
    with pytest.raises(ModelError):
        identify(REPO)
    hub.fail[REPO] = (429, {})
    with pytest.raises(
        ModelError,
        match=r"only partly downloaded \(the weights of unet are missing\), and cannot be downloaded: .*429",
    ):
        identify(REPO)


def test_offline_says_which_switch_it_is(cache, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"HF_HUB_OFFLINE is set.*: unset it"):
        identify(REPO)


def test_a_hub_that_cannot_be_reached_says_so(cache, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(
        ModelError, match=r"127\.0\.0\.1:\d+ cannot be reached: connect to the network"
    ):
        identify(REPO)


def test_a_name_that_cannot_be_looked_up_says_so(cache, monkeypatch):
    def fail(*_args, **_options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setattr(constants, "ENDPOINT", "http://hub.invalid")
    with pytest.raises(ModelError, match=r"the name of http://hub\.invalid cannot be looked up"):
        identify(REPO)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "is full: free some space"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "is full"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be written: set HF_HOME"),
        (OSError(errno.EROFS, "Read-only file system"), "cannot be written"),
        (TimeoutError("timed out"), "does not answer in time"),
        (ConnectionResetError(errno.ECONNRESET, "reset by peer"), "the connection broke"),
        (OSError("Consistency check failed: file should be of size 5"), "the connection broke"),
        (
            OSError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"),
            "certificate of .* is not trusted",
        ),
        (RuntimeError(f"odd, with Bearer {CANARY}"), r"odd, with Bearer \*\*\*; run this again"),
    ],
)
def test_other_failures_are_told_by_their_cause(cache, error, words):
    import re

    wrapper = RuntimeError("Cannot load model: model is not cached locally and an error occurred")
    wrapper.__cause__ = error
    if isinstance(error, RuntimeError):
        wrapper = error
    assert re.search(words, hub_errors.explain(REPO, wrapper))


def test_a_full_disk_in_the_middle_of_a_file_says_so(hub, monkeypatch):
    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("huggingface_hub.file_download.http_get", full)
    with pytest.raises(
        ModelError, match=r"the disk of .* is full: free some space, or set HF_HOME"
    ):
        identify(REPO)


def test_a_new_process_tells_in_one_line_and_shows_the_token_nowhere(tmp_path):
    with Hub() as hub:
        hub.add(REPO, SHAPES_FOLDER)
        hub.fail["owner/other"] = (429, {})
        command = [sys.executable, "-c", "from dwlab.cli import main; main()"]
        env = os.environ | environment(hub.url, tmp_path / "home")
        options = {
            "env": env,
            "cwd": tmp_path,
            "capture_output": True,
            "text": True,
            "timeout": 300,
        }
        refused = subprocess.run(
            [*command, "generate", "a", "--model", "owner/other"], check=False, **options
        )
        made = subprocess.run([*command, "--verbose", "pull", REPO], check=False, **options)
        assert hub.tokens == {f"Bearer {CANARY}"}, refused.stderr + made.stderr
    assert (
        refused.returncode == 2
        and "received too many requests (429)" in refused.stderr
        and refused.stderr.count("\n") == 1
    )
    assert made.returncode == 0 and "downloading owner/tiny: 9 of 9 files" in made.stderr
    for text in (refused.stdout, refused.stderr, made.stdout, made.stderr):
        assert CANARY not in text and "Traceback" not in text


def test_a_listener_that_ends_a_download_is_heard():
    tally = transfers.Tally("m", {"a": 10})
    tally.add("a", 4)
    assert tally.now().bytes == 4
    tally.stopped = True
    with pytest.raises(Cancelled):
        tally.add("a", 1)
