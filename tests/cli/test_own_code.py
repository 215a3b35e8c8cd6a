"""`dwlab sweep` with code of one's own: whether it may run, what is kept of it, and `dwlab show`."""

from __future__ import annotations

import itertools
import json
import os
import zipfile

import pytest
from own_code import method_file
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.runs import code_trust

EXPERIMENT = """
method: methods/interval.py:plain
base: {prompt: a red circle, width: 64, height: 64, steps: 1}
axes: {seed: [0, 1]}
"""
METHOD = '''
"""Words."""

from pathlib import Path

import dwlab
import numpy as np

NUMBER = UNIQUE


@dwlab.method
def plain(pipe, cell):
    """The stock call, but one seed fails."""
    Path(__file__).with_name("ran").write_text("", "utf-8")
    if cell.seed == 1:
        raise ValueError(f"seed {cell.seed} is not to my liking")
    return np.clip(pipe(**cell.stock()).images[0], 0, 1)
'''
# nobody agreed to code with such a number yet
numbers = itertools.count(os.getpid() * 1000)


def dw(*arguments, **options):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **options)


def project(folder):
    """A folder with an experiment and its method."""
    method_file(folder / "methods", METHOD.replace("UNIQUE", str(next(numbers))))
    (folder / "trial.yaml").write_text(EXPERIMENT, "utf-8")
    return folder


@pytest.fixture
def folder(tmp_path):
    return project(tmp_path)


def sweep(folder, *options, **more):
    where = ("--results", folder / "results", "--no-notebook", "--device", "cpu")
    return dw("sweep", folder / "trial.yaml", *where, *options, **more)


def has_run(folder):
    return (folder / "methods/ran").exists()


def test_without_a_terminal_code_that_nobody_agreed_to_is_refused(folder):
    refused = sweep(folder)
    assert refused.exit_code == 2
    assert "plain" in refused.stderr and "--trust-code" in refused.stderr
    assert not has_run(folder)
    assert not (folder / "results").exists()


def test_a_plan_runs_no_code_and_asks_for_nothing(folder):
    planned = sweep(folder, "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert not has_run(folder)


@pytest.mark.parametrize("answer", ["n\n", "\n", "what\n"])
def test_on_a_terminal_every_answer_but_yes_is_no(folder, monkeypatch, answer):
    monkeypatch.setattr("dwlab.cli.code_consent.has_terminal", lambda: True)
    refused = sweep(folder, input=answer)
    assert refused.exit_code == 2
    assert "methods/interval.py:plain" in refused.stderr
    assert not has_run(folder)


@pytest.mark.slow
def test_a_yes_is_remembered_for_that_code_only(folder, monkeypatch, own_folders):
    monkeypatch.setattr("dwlab.cli.code_consent.has_terminal", lambda: True)
    assert "Run it?" in sweep(folder, input="y\n").stderr
    assert has_run(folder)
    again = sweep(folder)
    assert "Run it?" not in again.stderr
    file = folder / "methods/interval.py"
    file.write_text(file.read_text("utf-8").replace("liking", "taste"), "utf-8")
    assert "Run it?" in sweep(folder, input="n\n").stderr
    (trusted,) = own_folders.rglob("trusted-code.json")
    assert len(json.loads(trusted.read_text("utf-8"))["code"]) == 1


@pytest.mark.slow
def test_always_holds_for_other_code_of_the_folder(folder, monkeypatch):
    monkeypatch.setattr("dwlab.cli.code_consent.has_terminal", lambda: True)
    sweep(folder, input="a\n")
    file = folder / "methods/interval.py"
    file.write_text(file.read_text("utf-8").replace("liking", "taste"), "utf-8")
    assert "Run it?" not in sweep(folder).stderr


def test_python_refuses_a_file_without_trust_code_and_an_experiment_that_ran_before(folder):
    spec = dwlab.Sweep.from_yaml(folder / "trial.yaml")
    with pytest.raises(InvalidInput, match="trust_code=True"):
        spec.run(folder / "results")
    stored = dwlab.Sweep.from_dict(json.loads(json.dumps(spec.as_dict())))
    with pytest.raises(InvalidInput, match="trust_code=True"):
        stored.run(folder / "results")
    assert not has_run(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = project(tmp_path_factory.mktemp("made"))
    assert sweep(folder, "--trust-code").exit_code == 3
    return folder


def test_the_table_and_the_picture_tell_of_method_and_code(made):
    text = dw("table", "trial", "--results", made / "results", env={"COLUMNS": "200"}).stdout
    table = dwlab.Results(made / "results").table("trial")
    (code,) = set(table["method_code"])
    assert "plain" in text and code in text
    assert set(table["method"]) == {"plain"}
    versions = json.loads(table["versions"][0])
    assert versions["numpy"]
    picture = next((made / "results/images").rglob("*.png")).read_bytes()
    assert b'"method":{"code":"' + code.encode() in picture
    assert str(made).encode() not in picture


def test_a_cell_is_shown_with_the_methods_own_lines_and_its_code(made):
    table = dwlab.Results(made / "results").table("trial")
    failed = table[table["status"] == "failed"].iloc[0]
    shown = dw("show", failed["key"][:12], "--results", made / "results").stdout
    assert "ValueError: seed 1 is not to my liking" in shown
    assert 'File "interval.py", line 17, in plain' in shown
    assert 'raise ValueError(f"seed {cell.seed} is not to my liking")' in shown
    assert f"plain of {made / 'methods/interval.py'}" in shown
    assert f"code of method  {failed['method_code']} (--code prints it)" in shown
    code = dw("show", failed["key"][:12], "--code", "--results", made / "results").stdout
    assert code.strip() == (made / "methods/interval.py").read_text("utf-8").strip()


@pytest.mark.slow
def test_a_comment_makes_nothing_again_and_a_constant_makes_all(folder):
    sweep(folder, "--trust-code")
    file = folder / "methods/interval.py"
    text = file.read_text("utf-8")
    file.write_text(text.replace('"""Words."""', "# other words"), "utf-8")
    assert "0 made now, 1 already there" in sweep(folder, "--trust-code").stdout
    file.write_text(text.replace("0, 1)", "0, 0.5)"), "utf-8")
    assert "1 made now, 0 already there" in sweep(folder, "--trust-code").stdout
    assert len(list((folder / "results/_code").iterdir())) == 2


def test_a_picture_never_brings_its_method_along(made):
    from dwlab.pictures import recipes

    picture = next((made / "results/images").rglob("*.png")).read_bytes()
    recipe = recipes.read(picture)
    assert "method" not in recipe.values
    assert any(text.startswith("method: ") for text in recipe.left_out)


def test_a_cell_of_stock_has_no_code_and_a_key_must_be_there(tmp_path):
    assert "a key of a cell in" in dw("show", "0" * 12, "--results", tmp_path).stderr
    assert "at least 8 digits" in dw("show", "abc", "--results", tmp_path).stderr


@pytest.mark.slow
def test_a_sweep_says_that_a_method_which_changes_the_model_computed_alone(folder):
    changing = METHOD.replace("UNIQUE", str(next(numbers))).replace(
        'Path(__file__).with_name("ran").write_text("", "utf-8")',
        "pipe.unet.conv_in.weight.mul_(2)",
    )
    (folder / "methods/interval.py").write_text(changing, "utf-8")
    said = sweep(folder, "--trust-code").stdout
    assert "pictures of plain were computed alone, with a copy of unet, which it changes" in said


def test_a_sweep_with_methods_travels_without_paths_and_runs_no_code(made, tmp_path):
    export = tmp_path / "trial.zip"
    assert dw("export", "trial", "-o", export, "--results", made / "results").exit_code == 0
    with zipfile.ZipFile(export) as archive:
        texts = [archive.read(name) for name in archive.namelist() if not name.endswith(".png")]
        (code,) = [name for name in archive.namelist() if name.startswith("code/")]
        assert archive.read(code) == (made / "methods/interval.py").read_bytes()
    assert not any(str(made).encode() in text for text in texts)
    (made / "methods/ran").unlink()
    imported = dw("import", export, "--results", tmp_path / "results")
    assert imported.exit_code == 0, imported.output
    assert list(dwlab.Results(tmp_path / "results").table("trial")["method"]) == ["plain"] * 2
    stored = dwlab.Sweep.from_dict(dwlab.Results(tmp_path / "results").specs()["trial"])
    with pytest.raises(InvalidInput, match="trust_code=True"):
        code_trust.check([stored.cells()[0].params.replace(method=UNKNOWN)])
    assert not (made / "methods/ran").exists()


UNKNOWN = {"name": "plain", "code": "0" * 64}


TWO = """
base: {prompt: a red circle, width: 64, height: 64, steps: 1}
axes: {method: [null, one/interval.py:plain, two/interval.py:plain]}
"""


@pytest.mark.slow
def test_methods_of_one_name_are_told_apart_by_their_code(tmp_path):
    for name in ("one", "two"):
        method_file(tmp_path / name, METHOD.replace("UNIQUE", str(next(numbers))))
    (tmp_path / "trial.yaml").write_text(TWO, "utf-8")
    plan = sweep(tmp_path, "--dry-run").stdout
    assert sweep(tmp_path, "--trust-code").exit_code == 0
    table = dwlab.Results(tmp_path / "results").table("trial")
    codes = table["method_code"]
    labels = ["stock", f"plain {codes[1][:8]}", f"plain {codes[2][:8]}"]
    assert list(table["method"]) == labels == table.attrs["axes"]["method"]
    assert ", ".join(labels) in plan


@pytest.mark.slow
def test_the_code_that_was_read_is_the_code_that_runs_whatever_the_file_says_by_then(tmp_path):
    folder = project(tmp_path)
    file = folder / "methods/interval.py"
    loaded = dwlab.Sweep.from_yaml(folder / "trial.yaml")
    loaded.plan(results=folder / "results")
    file.write_text(file.read_text("utf-8").replace("seed == 1", "seed == 0"), "utf-8")
    loaded.run(results=folder / "results", trust_code=True)
    table = dwlab.Results(folder / "results").table("trial")
    assert list(table["status"]) == ["ok", "failed"]


@pytest.mark.slow
def test_a_picture_is_made_again_by_its_method_only_where_its_code_was_agreed_to(
    folder, own_folders, monkeypatch, tmp_path
):
    sweep(folder, "--trust-code")
    table = dwlab.Results(folder / "results").table("trial")
    made = table[table["status"] == "ok"].iloc[0]
    copied = tmp_path / "copied.png"
    copied.write_bytes((folder / "results" / made["image"]).read_bytes())
    for picture in (made["key"], copied):
        again = dw("rerun", picture, "--results", folder / "results")
        assert again.exit_code == 0
        assert again.stdout.split()[1:] in (["exact"], ["within", "1/255:"]), again.stdout
    # another process, of a person who agreed to nothing
    monkeypatch.setattr("dwlab.spec.own_code.code._AGREED", set())
    (trusted,) = own_folders.rglob("trusted-code.json")
    trusted.unlink()
    (folder / "methods/ran").unlink()
    for picture in (made["key"], copied):
        refused = dw("rerun", picture, "--results", folder / "results")
        assert refused.exit_code != 0
        assert "nobody here agreed to run its code" in refused.stderr
    elsewhere = dw("rerun", copied, "--results", tmp_path / "elsewhere")
    assert "which a picture does not bring along" in elsewhere.stderr
    assert not has_run(folder)
