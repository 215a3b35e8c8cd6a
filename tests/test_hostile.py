"""Hostile names, files, values and texts: refused with a clear error, and nothing lands outside the results folder."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest
from faults.child import fake_render, small_sweep, toy_model
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import DwlabError, InvalidInput, StoreError
from dwlab.models.arguments import writable
from dwlab.paths import check_name, experiment_folder, results_folder
from dwlab.runs.results import Results
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.spec.sweep import SweepSpec
from dwlab.store.store import Store
from dwlab.views.export import export
from dwlab.workflows.artifacts import write_artifacts
from dwlab.workflows.runlog import RunLog
from dwlab.workflows.sweep import execute


def refused(*arguments):
    """What the command says to bad input; it must end with code 2 and no more than that."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 2 and isinstance(result.exception, SystemExit), result
    assert not result.stdout and "Traceback" not in result.stderr
    return result.stderr


# -- names and paths (S5) ----------------------------------------------------------------------

NAMES = (
    "..", ".", "../escape", "../../escape", "a/../../escape", "/tmp/escape", "//escape", "~/escape", "~root",
    "a/b", "a\\..\\..\\escape", "C:\\escape", "a\0b", "\0", "a\nb", "name\n", "a\tb", "\x1b]0;title\x07", "{name}",
    "{0.__class__}", "%s%n", "$HOME", "$(touch escape)", "`touch escape`", "a;touch escape", "a|b", "a b", "-rf",
    "--results=/tmp", ".hidden", ".tmp-1", "", " ", "x" * 65, "x" * 5000, "naïve", "ｅｓｃａｐｅ", "\u202eevil", "a\u2028b",
    "images", "Images", "IMAGES", "quarantine", "reference", "benchmarks", "README.md", "dwlab.sqlite",
    "dwlab.sqlite-journal", "DWLAB.SQLITE", "con", "NUL.txt", "aux", "com1", "trailing.", None, 5, True, ["a"], {"a": "b"},
)  # fmt: skip
FAIR = ("quickstart", "a", "2024-05.final_v2", "x" * 64, "console", "..x".strip("."), "a..b")


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_hostile_name_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for attempt in (
        lambda: check_name(name),
        lambda: Sweep(name=name, base={"prompt": "x"}),
        lambda: Sweep("fair", base={"prompt": "x"}).override({"name": name}),
        lambda: experiment_folder(tmp_path, name),
    ):
        with pytest.raises(InvalidInput, match="name is "):
            attempt()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", FAIR)
def test_a_fair_name_is_taken(name):
    assert check_name(name) == name


@pytest.mark.parametrize("name", [n for n in NAMES if isinstance(n, str) and n], ids=ascii)
def test_a_hostile_name_ends_the_command_before_anything_is_written(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = tmp_path / "in.yaml"
    written.write_text(json.dumps({"name": name, "base": {"prompt": "x"}}), "utf-8")  # JSON is YAML
    fair = tmp_path / "fair.yaml"
    fair.write_text("base: {prompt: x}\n")
    for arguments in (
        ["sweep", str(written)],
        ["sweep", str(fair), "--set", f"name={json.dumps(name)}"],
    ):
        assert "name is " in refused(*arguments, "--results", "results")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fair.yaml", "in.yaml"]


@pytest.mark.parametrize(
    "stem",
    ["..x", "a b", "{x}", "$(touch escape)", "naïve", "dwlab.sqlite", "x" * 100, "a\nb"],
    ids=ascii,
)
def test_a_file_whose_name_is_no_name_must_say_one(stem, tmp_path):
    path = tmp_path / f"{stem}.yaml"
    path.write_text("base: {prompt: x}\n")
    with pytest.raises(InvalidInput, match="name is "):
        Sweep.from_yaml(path)
    path.write_text("name: fair\nbase: {prompt: x}\n")
    assert Sweep.from_yaml(path).name == "fair"


@pytest.mark.parametrize("path", ["a\0b", "~no-such-user/results"])
def test_a_results_folder_that_is_none_is_refused(path, monkeypatch):
    with pytest.raises(InvalidInput, match="results is "):
        results_folder(path)
    monkeypatch.setenv("DWLAB_RESULTS", "~no-such-user/results")
    with pytest.raises(InvalidInput, match="results is "):
        results_folder()


@pytest.mark.parametrize("path", ["a\0b.yaml", "no-such.yaml", "x" * 5000, ".", "/dev/null/x"])
def test_a_file_that_cannot_be_read_is_said_so(path):
    with pytest.raises(InvalidInput, match="file is "):
        Sweep.from_yaml(path)


@pytest.mark.parametrize(
    "model",
    [
        "x" * 5000,
        "~no-such-user",
        "a\0b",
        "~a\0b",
        "../shapes",
        "/etc",
        "a b/c",
        "-x",
        5,
        ["shapes"],
    ],
    ids=ascii,
)
def test_a_model_that_is_none_is_refused_without_asking_the_hub(model, tmp_path):
    spec = Sweep("fair", model=model, base={"prompt": "x"})
    with pytest.raises(DwlabError, match="model is") as caught:
        run(spec, results=tmp_path / "results", render=fake_render)
    assert caught.value.exit_code == 2 and not (tmp_path / "results").exists()


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return str(toy_model(tmp_path_factory.mktemp("model") / "toy"))


def test_a_folder_that_links_out_is_refused_before_anything_is_computed(toy, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "results"
    root.mkdir()
    outcome = run(small_sweep(toy), results=root, render=fake_render)
    shutil.rmtree(root / "small")
    (root / "small").symlink_to(outside)
    for begin in (execute, run):
        with pytest.raises(StoreError, match="small is a link"):
            begin(small_sweep(toy), results=root)
    with pytest.raises(StoreError, match="small is a link"):
        write_artifacts(outcome)
    assert not list(outside.iterdir())


def test_files_that_link_out_are_replaced_and_not_followed(toy, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "results"
    outcome = run(small_sweep(toy), results=root, render=fake_render)
    names = ("table.csv", "grid.png", "report.html", "run.log")
    for name in names:
        (outside / name).write_text("mine")
        (root / "small" / name).symlink_to(outside / name)
    RunLog(root / "small" / "run.log").line("text")
    write_artifacts(outcome)
    assert {(outside / name).read_text() for name in names} == {"mine"}
    assert not any((root / "small" / name).is_symlink() for name in names)


def test_prompts_that_look_like_paths_name_no_file(toy, tmp_path):
    prompts = [
        "../../escape red",
        "/etc/passwd red",
        "a\\b red",
        "{{}} red",
        "red.png",
        "~ red",
        "%2e%2e/ red",
        "red\n\t",
    ]
    spec = SweepSpec(
        "texts",
        model=toy,
        base={"steps": 1, "width": 32, "height": 32, "scheduler": "ddim"},
        axes={"prompt": prompts},
    )
    root = tmp_path / "a" / "b" / "results"
    assert run(spec, results=root, render=fake_render).made == len(prompts)
    with Store(root) as store:
        images = [row["image"] for row in store.cells.rows()]
    assert all((root / image).resolve().is_relative_to(root / "images") for image in images)
    assert {p.name for p in root.iterdir()} == {"images", "texts", "dwlab.sqlite"}
    assert [p.name for p in tmp_path.rglob("*") if p.is_file() and root not in p.parents] == []


# -- tables for spreadsheets (S7) --------------------------------------------------------------

FORMULAS = (
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    '=HYPERLINK("http://example.com")',
    "=cmd|' /C calc'!A0",
)
PLAIN = ("a = b", "y\r=1+1", "x\n=1+1", 'x"\r\n"=1+1', "x-1", " =1", "'quoted", "1", "")


def test_texts_that_a_spreadsheet_would_run_are_defused_on_export_only(toy, tmp_path):
    texts = [f"{text} red" for text in FORMULAS + PLAIN]
    base = {"prompt": "a {p}", "steps": 1, "width": 32, "height": 32, "scheduler": "ddim"}
    axes = {"p": texts, "seed": [0, 2**63 - 1]}
    run(SweepSpec("texts", model=toy, base=base, axes=axes), results=tmp_path, render=fake_render)
    table = Results(tmp_path).table("texts")
    assert set(table["p"]) == set(texts), "raw in the store and in the table"
    back = list(csv.DictReader(io.StringIO(export(table, "csv").decode("utf-8-sig"), newline="")))
    assert [row["p"] for row in back] == [
        f"'{p}" if p.startswith(FORMULAS) else p for p in table["p"]
    ]
    assert [row["seed"] for row in back] == [str(n) for n in table["seed"]] and table[
        "seed"
    ].max() == 2**63 - 1
    assert [float(row["brightness"]) for row in back] == list(table["brightness"])


@pytest.mark.parametrize("value", [-1, -1.5, 0, 1e-30, -(2**63), True])
def test_numbers_are_exported_as_they_are(value):
    table = pd.DataFrame({"alone": [value], "among": pd.Series([value], dtype=object)})
    assert export(table, "csv").decode("utf-8-sig") == f'"alone","among"\n{value},{value}\n'


def test_a_column_of_texts_and_numbers_keeps_its_numbers():
    table = pd.DataFrame({"mixed": ["-a", -5, None, "=b", 2.5]})
    assert export(table, "csv").decode("utf-8-sig") == '"mixed"\n"\'-a"\n-5\n""\n"\'=b"\n2.5\n'


def test_an_empty_table_keeps_its_columns():
    assert (
        export(pd.DataFrame({"prompt": [], "seed": []}), "csv").decode("utf-8-sig")
        == '"prompt","seed"\n'
    )


# -- experiment files (S14) --------------------------------------------------------------------

BOMB = "a: &a [x, x]\n" + "".join(
    f"{c}: &{c} [*{b}, *{b}]\n" for b, c in zip("abcdefgh", "bcdefghi", strict=True)
)
GOOD = "base: {prompt: x}\n"
FILES = {
    "python object": ("name: !!python/object/apply:os.system ['touch escape']", "line 1"),
    "python name": ("base:\n  prompt: !!python/name:os.system", "line 2"),
    "own tag": ("base:\n  prompt: !shell 'touch escape'", "line 2"),
    "tag by address": (
        "base:\n  prompt: !<tag:yaml.org,2002:python/object/new:os.system> [x]",
        "line 2",
    ),
    "binary": ("base:\n  prompt: !!binary aGk=", "line 2"),
    "set": ("base: {prompt: x}\naxes:\n  seed: !!set {1, 2}", "line 3"),
    "date": ("base:\n  prompt: 2024-05-01", "line 2"),
    "no date": ("base:\n  prompt: 2024-99-99", "line 2"),
    "no number": ("base:\n  prompt: !!int x", "line 2"),
    "no truth": ("base:\n  prompt: !!bool x", "line 2"),
    "empty number": ("base:\n  prompt: !!float ''", "line 2"),
    "endless number": (GOOD + "axes:\n  seed: [" + "9" * 5000 + "]", "line 3"),
    "endless hexadecimal number": (GOOD + "axes:\n  seed: [0x" + "f" * 5000 + "]", "line 3"),
    "bomb of aliases": (BOMB, "line 1"),
    "alias to itself": ("base: &a\n  prompt: *a", "line 1"),
    "alias alone": ("base:\n  prompt: *a", "line 2"),
    "merge key": ("base:\n  <<: {prompt: x}", "line 2"),
    "double key": ("base:\n  prompt: x\n  steps: 1\n  steps: 2", "line 4"),
    "list as a key": ("base:\n  ? [a, b]\n  : x", "line 2"),
    "deep flow": ("base: " + "[" * 100_000, "line 1"),
    "deep maps": ("base: " + "{a: " * 100_000, "line 1"),
    "deep blocks": ("\n".join(" " * k + "a:" for k in range(200)), "line 2"),
    "two documents": (f"{GOOD}---\n{GOOD}", "line 2"),
    "open quote": ("base:\n  prompt: 'x", "line 2"),
    "tab": ("base:\n\tprompt: x", "line 2"),
    "control characters": ("base:\n  prompt: \x07", "line 2"),
    "billion cells": (GOOD + "axes:\n  seed: {range: [0, 1000000000]}", "axes.seed"),
    "billion cells by linspace": (
        GOOD + "axes:\n  guidance: {linspace: [1, 2, 1000000000]}",
        "axes.guidance",
    ),
    "billion cells by product": (
        GOOD
        + "axes: {seed: {range: [0, 1000]}, steps: {range: [1, 1001]}, guidance: {linspace: [1, 9, 1000]}}",
        "1,000,000,000 cells",
    ),
    "billion cells under a rule": (
        GOOD
        + "axes: {seed: {range: [0, 1000]}, steps: {range: [1, 1001]}, guidance: {linspace: [1, 9, 1000]}}\n"
        "skip: [{seed: 1}]",
        "1,000,000,000 combinations",
    ),
    "endless range": (GOOD + "axes:\n  seed: {range: [0, .inf]}", "axes.seed.range"),
    "tiny step": (
        GOOD + "axes:\n  guidance: {range: [0, 1.0e+308, 5.0e-324]}",
        "axes.guidance.range",
    ),
    "step of nothing": (GOOD + "axes:\n  seed: {range: [0, 5, 0]}", "axes.seed.range"),
    "range of nan": (
        GOOD + "axes:\n  guidance: {linspace: [.nan, 1, 3]}",
        "axes.guidance.linspace",
    ),
    "random of all": (GOOD + "axes:\n  seed: {random: 10000000000}", "axes.seed.random"),
    "empty axis": (GOOD + "axes:\n  seed: []", "axes.seed"),
    "nan": ("base: {prompt: x, guidance: .nan}", "guidance"),
    "nan in a map": ("base: {prompt: x, call: {eta: .nan}}", "call"),
    "negative steps": ("base: {prompt: x, steps: -1}", "steps"),
    "steps by halves": ("base: {prompt: x, steps: 2.5}", "steps"),
    "steps in words": ("base: {prompt: x, steps: many}", "steps"),
    "steps as truth": ("base: {prompt: x, steps: yes}", "steps"),
    "seed too large": ("base: {prompt: x, seed: 9223372036854775808}", "seed"),
    "side of 100": ("base: {prompt: x, width: 100}", "width"),
    "side too large": ("base: {prompt: x, height: 100000}", "height"),
    "prompt of a megabyte": ("base: {prompt: " + "x" * 900_000 + "}", "prompt"),
    "prompt as a list": ("base: {prompt: [a, b]}", "prompt"),
    "prompt as a number": ("base: {prompt: 5}", "prompt"),
    "no prompt": ("base: {steps: 1}", "prompt"),
    "placeholder that is no axis": ("base: {prompt: 'a {colour} x'}", "{colour}"),
    "time of day": ("base: {prompt: 'at {t}'}\naxes: {t: [12:30]}", "line 2 is '12:30'"),
    "number that begins with 0": (GOOD + "axes: {seed: [007]}", "line 2 is '007'"),
    "number that YAML takes for text": (GOOD + "axes: {call.eta: [1e-1]}", "line 2 is '1e-1'"),
    "guidance beyond floats": ("base: {prompt: x, guidance: " + "9" * 400 + "}", "guidance"),
    "placeholder of yes": ("base: {prompt: 'a {c}'}\naxes: {c: [yes, no]}", "line 2 is 'yes'"),
    "placeholder of nothing": ("base: {prompt: 'a {c}'}\naxes: {c: [red, ~]}", "line 2 is '~'"),
    "placeholder of lists": (
        "base: {prompt: 'a {c}'}\naxes: {c: [[red, blue]]}",
        "axes.c is ['red', 'blue']",
    ),
    "placeholder that is a parameter": (
        "base: {prompt: 'of {seed}'}\naxes: {seed: [1]}",
        "{{seed}}",
    ),
    "list in base": ("base: {prompt: x, steps: [1, 2]}", "base.steps"),
    "eta in two places": ("base: {prompt: x, call: {eta: 0}, call.eta: 1}", "base.call.eta"),
    "unknown key": (GOOD + "command: touch escape", "command"),
    "unknown parameter": ("base: {prompt: x, eta: 1}", "base.eta"),
    "unknown axis": (GOOD + "axes: {eta: [1]}", "axes.eta"),
    "parameter with code": ("base: {prompt: x, \"__import__('os')\": 1}", "__import__"),
    "parameter with a terminal's orders": (
        'base: {prompt: x, "\\e]0;title\\x07": 1}',
        "base.\\x1b]0;title",
    ),
    "one parameter in two spellings": (
        "base: {prompt: x, steps: 1, num_inference_steps: 2}",
        "base.num_inference_steps",
    ),
    "call with code": ("base: {prompt: x, 'call.a b': 1}", "call.a b"),
    "call of dwlab's own": ("base: {prompt: x, call: {generator: 1}}", "call.generator"),
    "call as a number": ("base: {prompt: x, call: 5}", "call"),
    "call as a number and by part": ("base: {prompt: x, call: 5, call.eta: 1}", "call"),
    "scheduler of code": ("base: {prompt: x, scheduler: os.system}", "scheduler"),
    "dtype": ("base: {prompt: x, dtype: int8}", "dtype"),
    "list for a map": ("base: [1, 2]", "base"),
    "text for a map": (GOOD + "axes: all", "axes"),
    "number as a key": ("base: {prompt: x}\n5: 6", "5"),
    "null as a key": ("base: {prompt: x}\n~: 6", "line 2 is '~'"),
    "text": ("just words", "map"),
    "list": ("- a\n- b", "map"),
    "nothing": ("", "map"),
    "zip as text": (GOOD + "zip: all", "zip"),
    "zip of lists": (GOOD + "axes: {seed: [1]}\nzip: [[[seed]]]", "zip"),
    "zip of unknown": (GOOD + "axes: {seed: [1]}\nzip: [[seed, steps]]", "zip"),
    "zip of unequal": (GOOD + "axes: {seed: [1], steps: [1, 2]}\nzip: [[seed, steps]]", "zip"),
    "skip as text": (GOOD + "skip: all", "skip"),
    "skip of unknown": (GOOD + "skip: [{eta: 1}]", "skip[0].eta"),
    "skip of a scheduler that is none": (GOOD + "skip: [{scheduler: Huen}]", "skip[0].scheduler"),
    "skip of random seeds": (GOOD + "axes: {seed: {random: 2}}\nskip: [{seed: 1}]", "skip[0].seed"),
    "skip in two spellings": (GOOD + "skip: [{cfg: 1, guidance: 2}]", "skip[0].guidance"),
    "skip by code": (GOOD + "skip: [{steps: {lambda: 1}}]", "skip[0].steps"),
    "skip above a text": (GOOD + "skip: [{steps: {above: x}}]", "skip[0].steps.above"),
    "metrics as text": (GOOD + "metrics: all", "metrics"),
    "metrics of unknown": (GOOD + "metrics: [beauty]", "metrics"),
    "metrics as maps": (GOOD + "metrics: [{a: b}]", "metrics"),
    "name with code": (GOOD + "name: $(touch escape)", "name"),
    "model as a list": (GOOD + "model: [shapes]", "model"),
    "hub model by address": (GOOD + "model: https://example.com/a/b", "model"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_hostile_experiment_file_is_refused_with_line_or_key(case, tmp_path, monkeypatch):
    text, named = FILES[case]
    path = tmp_path / "hostile.yaml"
    path.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    for more in ([], ["--dry-run"]):
        message = refused("sweep", path, "--results", "results", *more)
        assert named in message and len(message) < 3000 and message.rstrip("\n").isprintable()
    assert [p.name for p in tmp_path.iterdir()] == ["hostile.yaml"]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\x00bin",
        bytes(range(256)),
        b"\x89PNG\r\n\x1a\n" + b"\0" * 99,
        b"base: {prompt: \xe9}",
    ],
)
def test_a_file_that_is_no_text_is_refused(data, tmp_path):
    path = tmp_path / "hostile.yaml"
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=r"hostile|readable YAML"):
        Sweep.from_yaml(path)


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "hostile.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse: reading it would not end
    for endless in (path, "/dev/zero"):
        with pytest.raises(InvalidInput, match="at most 1 MiB"):
            Sweep.from_yaml(endless)


def python(code, folder):
    """Run `code` in an interpreter of its own."""
    here = str(Path(__file__).parent.parent)
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=folder, env=os.environ | {"PYTHONPATH": path},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_bad_input_is_told_before_any_model_library_is_imported(tmp_path):
    shutil.rmtree(tmp_path / "results", ignore_errors=True)
    (tmp_path / "bad.yaml").write_text(
        "base: {prompt: x, steps: -1}\naxes: {seed: {range: [0, 3]}}\n"
    )
    ended = python(
        """
        import sys
        from dwlab.cli import main
        sys.argv = ["dwlab", "sweep", "bad.yaml", "--results", "results"]
        try:
            main()
        finally:
            print(sorted({"torch", "diffusers", "transformers"} & set(sys.modules)))
        """,
        tmp_path,
    )
    assert ended.returncode == 2 and ended.stdout == "[]\n", ended
    assert "steps" in ended.stderr and "-1" in ended.stderr and "Traceback" not in ended.stderr
    assert not (tmp_path / "results").exists()


# -- names of parameters on the command line (S4) ----------------------------------------------

ASSIGNMENTS = (
    "__import__('os').system('touch escape')=1", "a;b=1", "steps\n=1", "\nsteps=1", "steps =1", " steps=1", "=1", "steps", "",
    "import os\nsteps=1", "steps;import os=1", "steps=!!python/object/apply:os.system ['touch escape']", "steps=*a",
    "lambda=1", "__class__=1", "base=1", "axes=1", "metrics=[x]", "call.a b=1", "call.=1", ".eta=1", "call..eta=1",
    "call.eta.x=1", "prompt.upper()=1", "steps[0]=1", "exec(\"x\")=1", "steps=[1", "steps={1: 2}", "stеps=1", "seed=.inf",
    "call.__init__=1", "call.generator=1", "results=/tmp/escape", "name=../escape",
)  # fmt: skip


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=ascii)
def test_an_assignment_with_code_is_refused_and_nothing_runs(assignment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fair.yaml").write_text("base: {prompt: x, width: 64, height: 64, steps: 1}\n")
    assert refused("sweep", "fair.yaml", "--results", "results", "--set", assignment)
    assert [p.name for p in tmp_path.iterdir()] == ["fair.yaml"]


@pytest.mark.parametrize(
    "call",
    [
        {"callback": "print"}, {"callback_steps": 1}, {"callback_on_step_end_tensor_inputs": ["latents"]}, {"args": [1]},
        {"kwargs": {"callback": 1}}, {"self": 1}, {"prompt_embeds": "x.pt"}, {"negative_prompt_embeds": [[0.0]]},
        {"ip_adapter_image": "a.png"}, {"ip_adapter_image_embeds": ["a.pt"]}, {"image": "a.png"}, {"mask_image": "a.png"},
    ],
    ids=lambda call: next(iter(call)),
)  # fmt: skip
def test_arguments_that_are_code_tensors_or_pictures_are_refused_before_the_run(tmp_path, call):
    sweep = Sweep("trial", base={"prompt": "a star", "call": call})
    for ask in (sweep.plan, sweep.run):
        with pytest.raises(InvalidInput, match=rf"^(base\.)?call\.{next(iter(call))} is "):
            ask(tmp_path)
    with pytest.raises(InvalidInput, match=f"^call.{next(iter(call))} is "):
        dwlab.generate("a star", call=call)


def test_arguments_that_take_numbers_lists_and_text_are_left_in():
    from diffusers import EulerDiscreteScheduler, FluxPipeline, StableDiffusionPipeline

    assert {"eta", "guidance_rescale", "clip_skip", "timesteps"} <= set(
        writable(StableDiffusionPipeline.__call__)
    )
    assert {"true_cfg_scale", "prompt_2", "max_sequence_length"} <= set(
        writable(FluxPipeline.__call__)
    )
    assert {"trained_betas", "use_karras_sigmas"} <= set(writable(EulerDiscreteScheduler))
