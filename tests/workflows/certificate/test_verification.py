"""Pictures made again and compared with the original: what may differ, and what is said of the rest."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from faults.child import fake_render, small_sweep, toy_model
from PIL import Image

from dwlab.errors import InvalidInput
from dwlab.events import Done, Failed
from dwlab.runs.run import run
from dwlab.spec.compute import Compute
from dwlab.store.images import save_picture
from dwlab.workflows.certificate.verdicts import Outcome
from dwlab.workflows.certificate.verification import verify

CELLS = 8
MACHINE = {"hardware": "a processor", "threads": 2}


def renderer(machine=MACHINE, change=None):
    """A renderer of a machine, which changes the values of each picture."""

    def render(cells, **options):
        for event in fake_render(cells, **options):
            if not isinstance(event, Done):
                yield event
                continue
            image = event.result.image
            if change:
                image = Image.fromarray(change(np.asarray(image).copy()))
            picture = dataclasses.replace(event.result, machine=dict(machine), image=image)
            yield dataclasses.replace(event, result=picture)

    return render


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(toy_model(tmp_path_factory.mktemp("model") / "toy"))


@pytest.fixture(scope="module")
def filled(model, tmp_path_factory):
    root = tmp_path_factory.mktemp("filled") / "results"
    run(small_sweep(model), results=root, render=renderer())
    return root


@pytest.fixture
def root(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "results")


def change_rows(root, statement, *arguments):
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as file, file:
        file.execute(statement, arguments)


def with_version(root, package, version):
    path = f"$.{package}"
    change_rows(root, "UPDATE cells SET versions = json_set(versions, ?, ?)", path, version)


def brighter(by):
    """Changes one value by so much."""

    def change(values):
        values[0, 0, 0] = values[0, 0, 0] - by if values[0, 0, 0] > 127 else values[0, 0, 0] + by
        return values

    return change


def outcomes(verification):
    return {verdict.outcome for verdict in verification.verdicts}


def test_pictures_that_come_again_are_exact(root):
    verification = verify(root, "small", sample=5, render=renderer())
    assert verification.good and verification.count(Outcome.EXACT) == 5
    assert "5 of 8 pictures (seed 0): 5 exact, 0 different" in str(verification)
    assert "differs" not in str(verification)


def test_nothing_is_made_again_unless_a_sample_is_asked_for(root):
    verification = verify(root, "small")
    assert verification.files.pictures == CELLS and verification.verdicts == []


def test_the_seed_chooses_the_sample(root):
    chosen = [
        [
            verdict.cell.key
            for verdict in verify(root, sample=4, seed=seed, render=renderer()).verdicts
        ]
        for seed in (1, 1, 2)
    ]
    assert chosen[0] == chosen[1] != chosen[2]


@pytest.mark.parametrize(("by", "outcome"), [(1, Outcome.CLOSE), (2, Outcome.DIFFERENT)])
def test_in_the_same_environment_float32_may_differ_by_one(root, by, outcome):
    verification = verify(root, sample=CELLS, render=renderer(change=brighter(by)))
    assert outcomes(verification) == {outcome}
    assert verification.good == (outcome is Outcome.CLOSE)


def test_another_version_may_round_differently_and_is_named(root):
    with_version(root, "torch", "1.0")
    verification = verify(root, sample=CELLS, render=renderer(change=brighter(9)))
    assert outcomes(verification) == {Outcome.ALIKE} and verification.good
    (line,) = [line for line in str(verification).splitlines() if line.startswith("torch ")]
    assert "1.0" in line and line.endswith(str(CELLS))


def test_other_hardware_may_round_differently_too(root):
    other = renderer({"hardware": "another", "threads": 2}, brighter(9))
    verification = verify(root, sample=CELLS, render=other)
    assert outcomes(verification) == {Outcome.ALIKE}
    assert "another" in str(verification)


def test_rows_of_an_older_dwlab_do_not_say_their_hardware_and_are_measured_likewise(root):
    change_rows(root, "UPDATE cells SET versions = json_remove(versions, '$.hardware')")
    verification = verify(root, sample=CELLS, render=renderer(change=brighter(9)))
    assert outcomes(verification) == {Outcome.ALIKE}


def test_another_picture_is_different_in_any_environment(root):
    with_version(root, "torch", "1.0")
    verification = verify(root, sample=CELLS, render=renderer(change=lambda values: 255 - values))
    assert outcomes(verification) == {Outcome.DIFFERENT} and not verification.good
    assert "PSNR" in str(verification) and "SSIM" in str(verification)


def test_a_picture_in_the_place_of_another_is_found_by_drawing_although_its_file_is_whole(root):
    (other,) = {
        image
        for (image,) in sqlite3.connect(root / "dwlab.sqlite").execute(
            "SELECT image FROM cells ORDER BY key LIMIT 1"
        )
    }
    change_rows(
        root,
        "UPDATE cells SET image = ?, bytes = ? WHERE key = (SELECT MAX(key) FROM cells)",
        other,
        (root / other).stat().st_size,
    )
    verification = verify(root, "small", sample=CELLS, render=renderer())
    assert verification.files.good and not verification.good
    assert verification.count(Outcome.DIFFERENT) == 1


def test_a_picture_of_another_size_is_different(root):
    path = next(iter(root.glob("images/*/*.png")))
    larger = Image.open(path).resize((64, 64))
    larger.save(root / "larger.png")
    image = save_picture(root, (root / "larger.png").read_bytes())
    size = (root / image).stat().st_size
    old = path.relative_to(root).as_posix()
    change_rows(root, "UPDATE cells SET image = ?, bytes = ? WHERE image = ?", image, size, old)
    verification = verify(root, sample=CELLS, render=renderer())
    assert verification.count(Outcome.DIFFERENT) == 1
    assert "32x32 instead of 64x64" in str(verification)


def test_in_exact_mode_only_the_same_pixels_are_good(model, tmp_path):
    root = tmp_path / "results"
    run(small_sweep(model), results=root, compute=Compute(exact=4), render=renderer())
    change_rows(root, "UPDATE cells SET mode = 'exact:4'")
    verification = verify(root, sample=CELLS, render=renderer())
    # the fake renderer says nothing of the mode, so that the environment is another one
    assert outcomes(verification) == {Outcome.EXACT}
    assert {each.name for verdict in verification.verdicts for each in verdict.environment} == {
        "mode"
    }


def test_a_model_that_is_not_here_is_counted_and_is_no_failure(model, tmp_path):
    moved = shutil.copytree(model, tmp_path / "moved")
    root = tmp_path / "results"
    run(small_sweep(str(moved)), results=root, render=renderer())
    run(small_sweep(model).override({"name": "there"}), results=root, render=renderer())
    shutil.rmtree(moved)
    verification = verify(root, sample=CELLS, render=renderer())
    assert verification.good
    assert verification.count(Outcome.ABSENT) + verification.count(Outcome.EXACT) == CELLS
    assert "not made" in str(verification)


def test_a_model_whose_files_changed_is_not_the_one_that_made_the_pictures(model, tmp_path):
    changed = shutil.copytree(model, tmp_path / "changed")
    root = tmp_path / "results"
    run(small_sweep(str(changed)), results=root, render=renderer())
    (changed / "scheduler" / "scheduler_config.json").write_text('{"beta_start": 0.1}')
    verification = verify(root, sample=CELLS, render=renderer())
    assert outcomes(verification) == {Outcome.ABSENT} and verification.good
    assert "fingerprint" in str(verification)


def test_a_recipe_that_was_changed_in_its_row_is_not_drawn(root):
    change_rows(root, "UPDATE cells SET params = json_set(params, '$.seed', 99)")
    verification = verify(root, sample=CELLS, render=renderer())
    assert outcomes(verification) == {Outcome.DIFFERENT} and not verification.good


def test_what_fails_to_be_drawn_is_neither_good_nor_different(root):
    def failing(cells, **_options):
        for cell in cells:
            yield Failed(cell.position, cell.params, "out of luck", "failed")

    verification = verify(root, sample=CELLS, render=failing)
    assert verification.failed == CELLS and verification.good
    assert "out of luck" in str(verification)


def test_damaged_pictures_are_set_aside_and_not_in_the_sample(root):
    path = next(iter(root.glob("images/*/*.png")))
    path.write_bytes(b"x" * path.stat().st_size)
    verification = verify(root, "small", sample=CELLS, render=renderer())
    assert not verification.good and len(verification.files.damaged) == 1
    assert verification.count(Outcome.EXACT) == CELLS - 1


@pytest.mark.parametrize("options", [{"sample": -1}, {"sample": 2.5}, {"seed": -1}, {"name": "no"}])
def test_what_cannot_be_checked_is_refused(root, options):
    with pytest.raises(InvalidInput):
        verify(root, **{"sample": 1, **options}, render=renderer())


def test_a_row_says_what_machine_made_its_picture(root):
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as file:
        (text,) = file.execute("SELECT versions FROM cells").fetchone()
    assert MACHINE.items() <= json.loads(text).items()
