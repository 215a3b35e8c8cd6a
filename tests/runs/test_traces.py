"""Traces are kept with their pictures: from the run to the table, to a sweep of somebody else's, and to the end."""

from __future__ import annotations

import math
import shutil
import sqlite3
import threading
from contextlib import closing

import pandas as pd
import pytest
from faults.child import fake_render, toy_model
from older_store import without_shares
from probed import NO_GUIDANCE, probed_render
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.pictures import films
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.store import experiment_removal
from dwlab.store.garbage import find_garbage, remove_garbage
from dwlab.store.integrity import verify
from dwlab.store.picture_removal import remove_picture
from dwlab.store.store import Store
from dwlab.workflows.archive.exporting import export
from dwlab.workflows.archive.importing import import_sweep

PROBES = ["latent_norm", "guidance_norm", "x0"]
CELLS = 4


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(toy_model(tmp_path_factory.mktemp("model") / "toy"))


def sweep(model, name="small", probes=PROBES):
    base = {"prompt": "a {colour} circle", "steps": 2, "width": 32, "height": 32}
    axes = {"colour": ["red", "blue"], "seed": [0, 1]}
    return Sweep(name, model=model, base=base, axes=axes, metrics=["brightness"], probes=probes)


@pytest.fixture(scope="module")
def filled(model, tmp_path_factory):
    root = tmp_path_factory.mktemp("filled") / "results"
    run(sweep(model), results=root, render=probed_render)
    return root


@pytest.fixture
def root(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "results")


def film_files(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.glob("**/*.webp")}


def test_traces_are_a_table_with_the_axes_beside(filled):
    norms = dwlab.Results(filled).traces("latent_norm")
    assert type(norms) is pd.DataFrame
    assert list(norms.columns) == [
        *("experiment", "key", "colour", "seed"),
        *("step", "sigma", "timestep", "value"),
    ]
    assert len(norms) == 2 * CELLS
    first = norms[norms["step"] == 1]
    assert list(first["value"]) == [0.5, 1.5, 0.5, 1.5]
    assert list(first["colour"]) == ["red", "red", "blue", "blue"]
    # what was not finite
    assert norms[norms["step"] == 2]["value"].isna().all()
    assert math.isnan(norms["timestep"][1])


def test_cells_without_values_are_left_out_and_counted_by_the_reason(filled):
    norms = dwlab.Results(filled).traces("guidance_norm", "small")
    assert set(norms["colour"]) == {"blue"}
    assert norms.attrs["reasons"] == {NO_GUIDANCE: 2}


def test_a_film_lies_beside_its_picture(filled):
    films_of = dwlab.Results(filled).traces("x0")
    images = dwlab.Results(filled).table("small").set_index("key")["image"]
    for key, film in zip(films_of["key"], films_of["film"], strict=True):
        assert film == images[key].replace(".png", ".webp")
        assert len(films.frames((filled / film).read_bytes())) == 2


def test_a_name_without_traces_is_refused_with_those_that_there_are(filled, model, tmp_path):
    with pytest.raises(InvalidInput, match="guidance_norm, latent_norm, x0"):
        dwlab.Results(filled).traces("delta")
    with pytest.raises(InvalidInput, match=r"probes: \[x0\].*--fill-traces"):
        dwlab.Results(tmp_path).traces("x0")
    with pytest.raises(InvalidInput, match="one that ran in"):
        dwlab.Results(filled).traces("x0", "other")


def test_a_run_that_was_stopped_goes_on_with_its_traces(model, tmp_path):
    cancel = threading.Event()

    def stopping(cells, **options):
        for event in probed_render(cells, **options):
            yield event
            if event.kind == "done":
                return

    first = run(sweep(model), results=tmp_path, render=stopping, cancel=cancel)
    assert first.made == 1
    second = run(sweep(model), results=tmp_path, render=probed_render)
    assert (second.made, second.reused) == (CELLS - 1, 1)
    assert dwlab.Results(tmp_path).traces("latent_norm")["key"].nunique() == CELLS


def test_pictures_from_before_the_probes_are_told_of_and_filled_in_when_asked(model, tmp_path):
    run(sweep(model, probes=()), results=tmp_path, render=fake_render)
    images = {path: path.read_bytes() for path in tmp_path.glob("images/*/*.png")}
    table = dwlab.Results(tmp_path).table("small")
    spec = sweep(model)
    told = run(spec, results=tmp_path, render=probed_render)
    assert (told.made, told.reused) == (0, CELLS)
    assert any("4 pictures were rendered before the probes" in note for note in told.notes)
    assert any("--fill-traces" in hint for hint in spec.plan(tmp_path).hints)

    filled = run(spec, results=tmp_path, render=probed_render, fill_traces=True)
    assert (filled.made, filled.reused, filled.filled, filled.left) == (0, CELLS, CELLS, 0)
    assert dwlab.Results(tmp_path).traces("x0")["key"].nunique() == CELLS
    assert {path: path.read_bytes() for path in tmp_path.glob("images/*/*.png")} == images
    assert dwlab.Results(tmp_path).table("small").equals(table)
    assert not [hint for hint in spec.plan(tmp_path).hints if "traces" in hint]
    assert run(spec, results=tmp_path, render=probed_render).notes == ()


def test_traces_of_another_picture_are_not_filled_in(model, tmp_path):
    def dark(cells, **options):
        for event in fake_render(cells, **options):
            if event.kind == "done":
                event.result.image.paste((0, 0, 0), (0, 0, 32, 32))
            yield event

    run(sweep(model, probes=()), results=tmp_path, render=dark)
    outcome = run(sweep(model), results=tmp_path, render=probed_render, fill_traces=True)
    assert outcome.filled == 0
    assert any("4 pictures came out differently" in note for note in outcome.notes)
    with pytest.raises(InvalidInput):
        dwlab.Results(tmp_path).traces("latent_norm")


def test_a_damaged_film_is_found_and_made_again(root, model):
    films_before = film_files(root)
    damaged, missing, *_ = sorted(films_before)
    (root / damaged).write_bytes(b"nothing")
    (root / missing).unlink()
    report = verify(root)
    assert (report.damaged, report.missing, report.pictures) == ([damaged], [missing], CELLS)
    told = CliRunner().invoke(app, ["verify", "--results", str(root)])
    assert "--fill-traces" in told.output
    run(sweep(model), results=root, render=probed_render, fill_traces=True)
    assert verify(root, "small").good
    found = film_files(root)
    assert {name: found[name] for name in films_before} == films_before


def test_what_a_removed_experiment_held_goes_with_films_and_traces(root):
    experiment_removal.remove(root, experiment_removal.parts(root, "small"))
    assert film_files(root) == {}
    with Store(root) as store:
        assert store.file.tuples("SELECT * FROM traces") == []


def test_garbage_has_films_and_traces(root):
    with Store(root) as store:
        store.experiments.set_members("small", {}, [])
    garbage = find_garbage(root)
    assert len(garbage.pictures) == 2 * CELLS
    remove_garbage(root, garbage)
    assert film_files(root) == {}
    with Store(root) as store:
        assert store.file.tuples("SELECT * FROM traces") == []


def test_what_is_held_keeps_its_film(root):
    assert not find_garbage(root)
    table = dwlab.Results(root).table("small")
    with Store(root) as store:
        assert remove_picture(store.file, "small", table["image"][0])
    assert len(film_files(root)) == CELLS - 1


def test_traces_travel_with_a_sweep(filled, tmp_path):
    export(filled, "small", tmp_path / "small.zip")
    import_sweep(tmp_path / "other", tmp_path / "small.zip")
    for name in PROBES:
        here, there = (dwlab.Results(root).traces(name) for root in (filled, tmp_path / "other"))
        assert here.equals(there)
        assert here.attrs["reasons"] == there.attrs["reasons"]
    assert film_files(tmp_path / "other") == film_files(filled)
    assert verify(tmp_path / "other").good
    # in a folder that has the pictures without traces, these are added
    again = shutil.copytree(filled, tmp_path / "again")
    with closing(sqlite3.connect(again / "dwlab.sqlite")) as sql, sql:
        sql.execute("DELETE FROM traces")
    import_sweep(again, tmp_path / "small.zip", name="theirs")
    assert len(dwlab.Results(again).traces("x0", "theirs")) == 2 * CELLS


FORGED = [
    ('"latent_norm":[[[1,2]', '"latent_norm":[[[1,0]', "steps from 1"),
    ('"latent_norm":[[[1,2]', '"latent_norm":[[[1]', "same length"),
    ('"latent_norm":', '"../latent":', "traces"),
    ("[14.5,0.3]", '["14.5",0.3]', "a finite number"),
    (
        '"x0":[[[1,2],[14.5,0.3],[999.0,null],[0,1]]',
        '"x0":[[[1,2],[14.5,0.3],[999.0,null],[0,-9]]',
        "numbers of frames",
    ),
    ('"film":["', '"film":["0', "text like"),
]


def test_traces_of_a_stranger_are_checked(filled, tmp_path):
    folder = tmp_path / "small"
    export(filled, "small", folder)
    rows = (folder / "rows.jsonl").read_text("utf-8")
    for before, after, told in FORGED:
        assert before in rows
        (folder / "rows.jsonl").write_text(rows.replace(before, after), "utf-8")
        with pytest.raises(InvalidInput, match=told):
            import_sweep(tmp_path / "other", folder)


def test_a_film_of_a_stranger_is_what_its_row_says(filled, tmp_path):
    folder = tmp_path / "small"
    export(filled, "small", folder)
    next(folder.glob("images/*/*.webp")).write_bytes(b"RIFF")
    with pytest.raises(InvalidInput, match="another hash"):
        import_sweep(tmp_path / "other", folder)


def test_a_folder_of_an_older_dwlab_has_traces_from_then_on(model, tmp_path):
    run(sweep(model, probes=()), results=tmp_path, render=fake_render)
    with closing(sqlite3.connect(tmp_path / "dwlab.sqlite")) as sql:
        (version,) = sql.execute("PRAGMA user_version").fetchone()
        sql.execute("DROP TABLE traces")
        without_shares(sql)
        sql.execute(f"PRAGMA user_version = {version - 2}")
    run(sweep(model), results=tmp_path, render=probed_render, fill_traces=True)
    assert dwlab.Results(tmp_path).traces("latent_norm")["key"].nunique() == CELLS
