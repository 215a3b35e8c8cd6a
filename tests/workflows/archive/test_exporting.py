"""A sweep that travels: what is in an export, that it is the same each time, and opens without dwlab."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing

import pandas as pd
import pytest
from faults.child import fake_render
from own_metrics import metric_file
from PIL import Image
from rocrate.rocrate import ROCrate
from start_pictures import half_mask, noise_picture
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import InvalidInput, StoreError
from dwlab.runs import code_trust
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.spec.sweep import SweepSpec
from dwlab.store.integrity import verify
from dwlab.store.store import Store
from dwlab.workflows.archive.exporting import export
from dwlab.workflows.archive.importing import import_sweep
from dwlab.workflows.archive.measured import checked_facts
from dwlab.workflows.certificate.redrawing import redraw
from dwlab.workflows.certificate.stored_cells import cell_of_key
from dwlab.workflows.report import make_report


def dw(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def names(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def text(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode()


def pictures(root):
    return {path.relative_to(root): path.read_bytes() for path in root.glob("images/*/*.png")}


def table(root, name="small"):
    return dwlab.Results(root).table(name)


def test_what_leaves_a_folder_is_the_same_in_another_one(filled, packed, tmp_path):
    root = tmp_path / "results"
    taken = import_sweep(root, packed)
    assert (taken.cells, taken.new, taken.kept, taken.votes) == (6, 6, 0, 1)
    assert pictures(root) == pictures(filled)
    old, new = table(filled), table(root)
    assert set(old["model"]) != set(new["model"])
    # a folder is called by its fingerprint elsewhere
    columns = [name for name in old.columns if name != "model"]
    pd.testing.assert_frame_equal(pd.DataFrame(old)[columns], pd.DataFrame(new)[columns])
    assert {**old.attrs, "results": ""} == {**new.attrs, "results": ""}
    assert list(new["stars"].dropna()) == [4]
    assert verify(root, "small").good


def test_metrics_of_ones_own_travel_with_their_facts_and_the_text_of_their_code(root, tmp_path):
    mine = metric_file(tmp_path / "metrics")
    with Store(root) as store:
        stored = store.experiments.specs()["small"]
    metrics = ["brightness", f"{mine}:redness", {f"{mine}:drift": {"against": {"colour": "red"}}}]
    sweep = Sweep.from_dict({**stored, "metrics": metrics, "metric": "drift"})
    code_trust.trust(sweep.own_metrics)
    run(sweep, results=root, render=fake_render)
    path = tmp_path / "own.zip"
    export(root, "small", path)
    assert str(tmp_path) not in text(path, "experiment.yaml") + text(path, "sweep.json")
    there = tmp_path / "there"
    import_sweep(there, path)
    pd.testing.assert_series_equal(table(there)["drift"], table(root)["drift"])
    facts = table(there).attrs["measured"]
    assert facts == table(root).attrs["measured"]
    assert facts["drift"]["better"] == "lower" and facts["redness"]["margin"] == 0.2
    assert "def redness" in text(path, f"code/{facts['redness']['code']}.py")
    again = tmp_path / "again.zip"
    export(there, "small", again)
    assert text(again, "sweep.json") == text(path, "sweep.json")
    # whoever takes it in can go on, and keeps the values; the code stays where it was
    taken_in = SweepSpec.from_dict(dwlab.Results(there).specs()["small"])
    assert [request.name for request in taken_in.own_metrics] == ["redness", "drift"]


@pytest.mark.parametrize(
    "measured", [[1], {"x": 1}, {"x" * 500: {}}, {str(n): {} for n in range(2000)}]
)
def test_facts_of_a_strangers_metrics_in_another_form_are_refused(measured):
    with pytest.raises(InvalidInput, match="measured"):
        checked_facts(measured)
    odd = {
        "x": {"better": "<b>", "bounds": [2, 1], "unit": "\x1b", "code": "../x", "compares": "yes"}
    }
    assert checked_facts(odd) == {"x": {"version": 1, "compares": False}}


def test_an_import_is_exported_as_the_same_bytes(packed, tmp_path):
    root = tmp_path / "results"
    import_sweep(root, packed)
    export(root, "small", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()


@pytest.mark.slow
def test_reports_of_an_import_are_equal(packed, tmp_path):
    reports = []
    for name in ("one", "other"):
        import_sweep(tmp_path / name, packed)
        reports.append(make_report(tmp_path / name, "small").read_bytes())
    assert reports[0] == reports[1]
    assert text(packed, "pages/report.html").encode() == reports[0]


@pytest.mark.slow
def test_another_process_exports_the_same_bytes(filled, packed, tmp_path):
    code = (
        "import sys; from pathlib import Path; from dwlab.workflows.archive.exporting import export; "
        "export(Path(sys.argv[1]), 'small', Path(sys.argv[2]))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", code, str(filled), str(tmp_path / "other.zip")]
    subprocess.run(command, check=True, env=environment)
    assert (tmp_path / "other.zip").read_bytes() == packed.read_bytes()


def test_an_export_opens_without_dwlab(packed):
    rows = list(csv.DictReader(io.StringIO(text(packed, "table.csv").removeprefix("\ufeff"))))
    lines = [json.loads(line) for line in text(packed, "rows.jsonl").splitlines()]
    assert [row["key"] for row in rows] == [line["key"] for line in lines]
    with zipfile.ZipFile(packed) as archive:
        for line, row in zip(lines, rows, strict=True):
            assert line["image"] == row["image"]
            data = archive.read(line["image"])
            assert hashlib.sha256(data).hexdigest() in line["image"]
            assert Image.open(io.BytesIO(data)).size == (32, 32)
        sums = dict(
            line.split("  ")[::-1] for line in text(packed, "manifest-sha256.txt").splitlines()
        )
        assert sums.keys() == set(archive.namelist()) - {"manifest-sha256.txt"}
        for name, digest in sums.items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    assert "dwlab import" in text(packed, "README.txt")


def test_an_export_names_models_versions_and_code_by_their_hashes(filled, packed):
    (model,) = json.loads(text(packed, "needs.json"))
    row = json.loads(text(packed, "rows.jsonl").splitlines()[0])
    assert model["fingerprint"] == row["weights"] and model["cells"] == 6
    sweep = json.loads(text(packed, "sweep.json"))
    assert len(sweep["code"]["sha256"]) == 64 and sweep["code"]["dwlab"] == dwlab.__version__
    assert sweep["made_with"][0]["torch"] and len(sweep["seeds"]) == 3


def test_an_export_has_no_path_of_this_machine(filled, packed, toy):
    with zipfile.ZipFile(packed) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            assert toy.encode() not in data and str(filled).encode() not in data, name


def test_errors_name_files_without_the_folders_of_this_machine(root, tmp_path):
    error = (
        "OSError: /home/ada/models/toy/unet.safetensors is cut; '/home/ada/my models/x.png', "
        "C:\\Users\\ada\\y.png and ~ada/pictures/z.png too; see https://huggingface.co/docs/diffusers and/or 1/2"
    )
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as file, file:
        file.execute(
            "UPDATE cells SET status = 'failed', error = ?, image = NULL, pixels = NULL "
            "WHERE key = (SELECT MIN(key) FROM cells)",
            (error,),
        )
    export(root, "small", tmp_path / "small.zip")
    lines = map(json.loads, text(tmp_path / "small.zip", "rows.jsonl").splitlines())
    (exported,) = [line["error"] for line in lines if line["error"]]
    assert exported == (
        "OSError: unet.safetensors is cut; 'x.png', y.png and z.png too; "
        "see https://huggingface.co/docs/diffusers and/or 1/2"
    )


def test_archives_understand_an_export(filled, tmp_path):
    export(filled, "small", tmp_path / "small")
    crate = ROCrate(tmp_path / "small")
    assert crate.name == "small" and crate.license and crate.datePublished
    parts = {part.id: part for part in crate.root_dataset["hasPart"]}
    assert {
        "rows.jsonl",
        "table.csv",
        "experiment.yaml",
        "pages/report.html",
        "pages/viewer.html",
        "images/",
    } <= set(parts)
    for name, part in parts.items():
        assert (tmp_path / "small" / name).exists()
        if not name.endswith("/"):
            assert int(part["contentSize"]) == (tmp_path / "small" / name).stat().st_size
    run = crate.get("#run")
    assert run.type == "CreateAction" and run["object"] == parts["experiment.yaml"]
    assert "torch" in {tool["name"] for tool in run["instrument"]}


def test_a_folder_has_the_files_of_the_zip(filled, packed, tmp_path):
    folder = tmp_path / "folder"
    export(filled, "small", folder)
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    with zipfile.ZipFile(packed) as archive:
        assert files == {name: archive.read(name) for name in archive.namelist()}


def test_an_output_that_cannot_be_written_is_told_as_such(filled, tmp_path):
    (tmp_path / "file").write_text("mine")
    result = dw("export", "small", "-o", tmp_path / "file" / "x.zip", "--results", filled)
    assert result.exit_code == 1 and str(tmp_path / "file") in result.stderr
    assert "results folder" not in result.stderr


def test_a_folder_that_is_there_is_left_alone(filled, tmp_path):
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(InvalidInput, match="not there yet"):
        export(filled, "small", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.slow
def test_a_damaged_picture_ends_an_export_and_leaves_nothing(root, tmp_path):
    path = next(iter(root.glob("images/*/*.png")))
    before = sorted(tmp_path.rglob("*"))
    path.write_bytes(b"x" * path.stat().st_size)
    for output in ("small.zip", "folder"):
        with pytest.raises(StoreError, match="dwlab verify"):
            export(root, "small", tmp_path / output)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_experiment_without_outcomes_is_refused(root):
    with pytest.raises(InvalidInput, match="small"):
        export(root, "never")


def test_an_experiment_that_never_ran_leaves_no_folder(tmp_path):
    root = tmp_path / "results"
    result = dw("export", "typo", "-o", tmp_path / "typo.zip", "--results", root)
    assert result.exit_code == 2 and "typo" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_rows_whose_recipe_was_changed_are_left_out_and_told(root, tmp_path):
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as file, file:
        file.execute(
            "UPDATE cells SET params = json_set(params, '$.steps', 9) "
            "WHERE key = (SELECT MIN(key) FROM cells)"
        )
    packed = export(root, "small", tmp_path / "small.zip")
    assert packed.cells == 5 and len(packed.left_out) == 1
    assert "1 rows are left out" in packed.notes()[0]


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A sweep of start pictures under a mask with a LoRA, drawn by `shapes`."""
    root = tmp_path_factory.mktemp("started") / "results"
    folder = tmp_path_factory.mktemp("pictures")
    for seed in (0, 1):
        noise_picture(seed, (64, 64)).save(folder / f"start-{seed}.png")
    half_mask(0, (64, 64)).save(folder / "mask.png")
    sweep = dwlab.Sweep(
        "started",
        base={
            "prompt": "a red moon",
            "mask": str(folder / "mask.png"),
            "steps": 2,
            "loras": [{"file": "shapes-moon"}],
        },
        axes={
            "image": {"folder": str(folder)},
            "loras.shapes-moon.weight": [0.0, 1.0],
        },
        skip=[{"image": str(folder / "mask.png")}],
    )
    assert list(sweep.run(root, device="cpu")["status"]) == ["ok"] * 4
    return root


@pytest.mark.slow
def test_start_pictures_masks_and_loras_travel_as_hashes(started, tmp_path):
    packed = tmp_path / "started.zip"
    assert dw("export", "started", "-o", packed, "--results", started).exit_code == 0
    assert len([name for name in names(packed) if name.startswith("inputs/")]) == 3
    root = tmp_path / "results"
    result = dw("import", packed, "--results", root)
    assert result.exit_code == 0 and "4 cells, 4 of them new" in result.stdout
    old, new = table(started, "started"), table(root, "started")
    pd.testing.assert_frame_equal(pd.DataFrame(old), pd.DataFrame(new))
    assert old.attrs["axes"] == new.attrs["axes"] and old.attrs["pictures"] == new.attrs["pictures"]
    verification = dwlab.Results(root).verify("started", sample=4)
    assert verification.good and verification.files.pictures == 7
    assert {verdict.outcome.value for verdict in verification.verdicts} == {"exact"}


@pytest.mark.slow
def test_the_sweep_of_an_import_runs_again_and_has_nothing_to_do(started, tmp_path):
    packed = tmp_path / "started"
    export(started, "started", packed)
    root = tmp_path / "results"
    import_sweep(root, packed)
    sweep = dwlab.Sweep.from_yaml(packed / "experiment.yaml")
    plan = sweep.plan(root)
    assert (plan.cells, plan.done) == (4, 4)
    needs = json.loads((packed / "needs.json").read_text("utf-8"))
    assert {need["kind"] for need in needs} == {"model", "loras"}
    assert SweepSpec.from_dict(dwlab.Results(root).specs()["started"])


def test_the_command_writes_a_zip_here_by_default(filled, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = dw("export", "small", "--results", filled)
    assert result.exit_code == 0, result.output
    assert "6 cells, 6 pictures" in result.stdout and (tmp_path / "small.zip").is_file()


KILLED = """
import os, signal, sys
from pathlib import Path
from dwlab.workflows.archive.exporting import export
def die(pictures):
    for number, picture in enumerate(pictures):
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        yield picture
export(Path(sys.argv[1]), "small", Path(sys.argv[2]), follow=die)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("output", ["small.zip", "small"])
def test_an_export_that_is_killed_leaves_nothing_that_looks_whole(root, packed, tmp_path, output):
    path = tmp_path / "out" / output
    command = [sys.executable, "-c", KILLED, str(root), str(path)]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    ended = subprocess.run(command, check=False, env={**os.environ, "TMPDIR": str(scratch)})
    assert ended.returncode == -signal.SIGKILL
    assert not path.exists() and list(path.parent.iterdir()) != []
    assert list(scratch.iterdir()) == []
    with Store(root):
        assert list(root.rglob(".tmp-*")) == []
    export(root, "small", path)
    assert list(path.parent.iterdir()) == [path]
    if output == "small.zip":
        assert path.read_bytes() == packed.read_bytes()


def test_a_model_in_a_folder_is_named_by_hand_where_it_is_known_by_its_fingerprint(
    packed, toy, tmp_path
):
    root = tmp_path / "results"
    import_sweep(root, packed)
    cell = cell_of_key(root, table(root)["key"][0], toy)
    (redrawn,) = redraw([cell], root, render=fake_render)
    assert redrawn.picture is not None and redrawn.picture.key == cell.key
