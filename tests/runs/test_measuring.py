"""Metrics of finished pictures: columns of a table, computed once, that never stop a sweep."""

from __future__ import annotations

import itertools
import math
import shutil
import sys
import threading

import imagehash
import numpy as np
import pytest
import tiny_clips
from faults.child import fake_render
from PIL import Image
from typer.testing import CliRunner

import dwlab
from dwlab.analysis.results import Results
from dwlab.cli.app import app
from dwlab.errors import InvalidInput, MissingExtra
from dwlab.runs.measuring_later import measure_experiment
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.store import images
from dwlab.store.experiment_removal import parts, remove
from dwlab.store.store import Store
from dwlab.views.report.summary import best_and_worst

BASE = {"prompt": "a {colour} circle", "width": 64, "height": 64, "scheduler": "DDIMScheduler"}
AXES = {"colour": ["red", "blue"], "steps": [2, 4], "seed": [0, 1, 2]}


def sweep(name="trial", **options):
    return Sweep(**{"name": name, "base": BASE, "axes": AXES, "metrics": ["brightness"], **options})


def draw(root, **options):
    return run(sweep(**options), results=root, render=fake_render)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    root = tmp_path_factory.mktemp("drawn")
    draw(root)
    return root


@pytest.fixture
def root(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "results")


@pytest.fixture(scope="module")
def other_clip(tmp_path_factory):
    return tiny_clips.save(tmp_path_factory.mktemp("clip") / "other")


def column(root, name, experiment="trial"):
    return Results(root).table(experiment)[name]


def test_an_old_sweep_gets_a_column_and_the_second_time_nothing_is_computed(root):
    progress = []
    (report,) = measure_experiment(
        root, "trial", ["clip_score"], on_progress=lambda *step: progress.append(step)
    )
    assert (report.pictures, report.known, report.measured, report.failed) == (12, 0, 12, 0)
    assert progress[-1] == ("clip_score", 12, 12)
    scores = column(root, "clip_score")
    assert scores.between(0, 100).all() and scores.nunique() > 6
    (again,) = measure_experiment(root, "trial", ["clip_score"])
    assert (again.known, again.measured) == (12, 0)
    assert column(root, "clip_score").equals(scores)


def test_another_network_replaces_the_column_and_a_label_keeps_both(root, other_clip):
    measure_experiment(root, "trial", ["clip_score"])
    first = column(root, "clip_score")
    options = {"model": str(other_clip)}
    measure_experiment(root, "trial", ["clip_score"], options=options, label="other")
    assert column(root, "clip_score").equals(first)
    second = column(root, "clip_score.other")
    assert not second.equals(first)
    measure_experiment(root, "trial", ["clip_score"], options=options)
    assert column(root, "clip_score").equals(second)


def test_changed_weights_in_the_same_folder_are_noticed(root, other_clip, tmp_path):
    folder = shutil.copytree(other_clip, tmp_path / "clip")
    options = {"model": str(folder)}
    measure_experiment(root, "trial", ["clip_score"], options=options)
    first = column(root, "clip_score")
    tiny_clips.save(folder, seed=1)
    (report,) = measure_experiment(root, "trial", ["clip_score"], options=options)
    assert report.known == 0
    assert not column(root, "clip_score").equals(first)


def test_an_experiment_that_shares_pictures_takes_their_values_over(root):
    measure_experiment(root, "trial", ["clip_score"])
    draw(root, name="wider", axes={**AXES, "seed": [0, 1, 2, 3]})
    (report,) = measure_experiment(root, "wider", ["clip_score"])
    assert (report.known, report.measured) == (12, 4)


def test_a_sweep_measures_what_its_file_names_and_can_be_ranked_by_it(tmp_path):
    outcome = draw(tmp_path, metrics=["usual", "clip_score"], metric="clip_score")
    table = Results(tmp_path).table("trial")
    assert outcome.notes == ()
    assert table["clip_score"].notna().all() and table["adherence"].notna().all()
    ranking = Results(tmp_path).best("trial", "clip_score")
    assert ranking.standings[0].mean >= ranking.standings[1].mean


def test_missing_pictures_cost_only_their_own_values(root):
    lost = column(root, "image")[3]
    (root / lost).unlink()
    (report,) = measure_experiment(root, "trial", ["clip_score"])
    assert (report.measured, report.failed) == (11, 1)
    assert "1 without a value (cell " in str(report) and "a file that is there" in str(report)
    scores = column(root, "clip_score")
    assert math.isnan(scores[3]) and scores.notna().sum() == 11


def test_a_metric_that_fails_does_not_stop_a_sweep(tmp_path, other_clip, monkeypatch):
    folder = shutil.copytree(other_clip, tmp_path / "clip")

    def spoil_and_render(cells, **options):
        (folder / "config.json").write_text("{}", "utf-8")
        yield from fake_render(cells, **options)

    metrics = [{"clip_score": {"model": str(folder)}}]
    outcome = run(sweep(metrics=metrics), results=tmp_path / "results", render=spoil_and_render)
    assert outcome.made == 12
    (note,) = outcome.notes
    assert "clip_score was not measured" in note and "changed since the run was planned" in note


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ([{"clip_score": {"model": "nowhere"}}], "a folder that exists"),
        ([{"clip_score": {"colour": "red"}}], "the options"),
        ([{"clip_score": {"tolerance": 3}}], "the options of clip_score: model"),
        ([{"brightness": {"model": "x"}}], "the options of brightness: none"),
        (["clip_score", "clip_score"], "each metric once"),
        ([{"clip_score": {"label": "../x"}}], "letters, digits"),
        ([{"clip_score": {"model": 3}}], "a text"),
        (["beauty"], "clip_score"),
        ([["clip_score"]], "a name"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_drawn(tmp_path, metrics, words):
    with pytest.raises(InvalidInput, match=words):
        draw(tmp_path / "results", metrics=metrics)
    assert not (tmp_path / "results").exists()


def test_the_shipped_network_is_not_asked_about_pictures_of_other_models(root):
    with Store(root) as store, store.file.transaction() as sql:
        sql.execute("UPDATE cells SET params = json_set(params, '$.model', 'sd15')")
    with pytest.raises(InvalidInput, match="knows pictures of shapes only"):
        measure_experiment(root, "trial", ["clip_score"])


def test_a_network_beside_the_file_of_an_experiment_is_found(tmp_path, other_clip):
    shutil.copytree(other_clip, tmp_path / "clip")
    file = tmp_path / "trial.yaml"
    file.write_text("base: {prompt: x}\nmetrics: [{clip_score: {model: clip}}]\n", "utf-8")
    assert Sweep.from_yaml(file).metrics == [{"clip_score": {"model": str(tmp_path / "clip")}}]


def test_a_removed_experiment_leaves_no_values(root):
    measure_experiment(root, "trial", ["clip_score"])
    remove(root, parts(root, "trial"))
    with Store(root) as store:
        assert store.file.tuples("SELECT * FROM measurements") == []


def test_damaged_pictures_are_not_measured(root):
    damaged = root / column(root, "image")[0]
    damaged.write_bytes(damaged.read_bytes()[:-20])
    assert images.read_picture(damaged) is None
    (report,) = measure_experiment(root, "trial", ["clip_score"])
    assert report.failed == 1


AGAINST = {"against": (("steps", "4"),)}


def test_a_picture_is_compared_with_the_one_that_differs_only_in_what_against_names(root):
    measure_experiment(root, "trial", ["ssim", "phash_distance"], options=AGAINST)
    table = Results(root).table("trial")
    # a reference is not compared with itself
    assert table.loc[table["steps"] == 4, "ssim"].isna().all()
    for _, row in table[table["steps"] == 2].iterrows():
        same = (table["seed"] == row["seed"]) & (table["colour"] == row["colour"])
        (reference,) = table.loc[same & (table["steps"] == 4), "image"]
        pictures = [Image.open(root / path).convert("RGB") for path in (row["image"], reference)]
        hashes = [imagehash.phash(picture) for picture in pictures]
        assert row["phash_distance"] == hashes[0] - hashes[1]


def test_a_missing_reference_costs_only_the_pictures_compared_with_it(root):
    table = Results(root).table("trial")
    (root / table.loc[table["steps"] == 4, "image"].iloc[0]).unlink()
    (report,) = measure_experiment(root, "trial", ["psnr"], options=AGAINST)
    assert (report.pictures, report.measured, report.failed) == (6, 5, 1)


@pytest.mark.parametrize(
    ("against", "words"),
    [
        ((("steps", 50),), "a value of steps: 2, 4"),
        ((("guidance", 3),), "an axis of this sweep: colour, steps, seed"),
        ((), "set, for example"),
    ],
)
def test_a_reference_that_the_sweep_does_not_have_is_refused(root, tmp_path, against, words):
    options = {"against": against} if against else {}
    with pytest.raises(InvalidInput, match=words):
        measure_experiment(root, "trial", ["ssim"], options=options)
    metrics = [{"ssim": {"against": dict(against)}}]
    with pytest.raises(InvalidInput, match=words):
        draw(tmp_path / "new", metrics=metrics)
    assert not (tmp_path / "new").exists()


def test_axes_that_move_with_the_reference_are_left_out_of_account(tmp_path):
    axes = {**AXES, "guidance": [1, 3]}
    draw(tmp_path, axes=axes, zip=[["steps", "guidance"]])
    (report,) = measure_experiment(tmp_path, "trial", ["ssim"], options=AGAINST)
    assert report.measured == 6


def test_a_scheduler_may_be_named_in_any_of_its_ways(tmp_path):
    base = {key: value for key, value in BASE.items() if key != "scheduler"}
    axes = {"colour": ["red", "blue"], "scheduler": ["DDIM", "Euler"], "seed": [0, 1]}
    draw(tmp_path, base={**base, "steps": 2}, axes=axes)
    options = {"against": (("scheduler", "EulerDiscreteScheduler"),)}
    (report,) = measure_experiment(tmp_path, "trial", ["ssim"], options=options)
    assert report.measured == 4


def test_of_a_distance_the_lowest_is_best(tmp_path):
    axes = {"colour": ["red", "blue"], "steps": [2, 3, 4], "seed": [0, 1, 2]}
    metrics = ["usual", {"phash_distance": {"against": {"steps": 4}}}]
    draw(tmp_path, axes=axes, metrics=metrics, metric="phash_distance")
    results = Results(tmp_path)
    table = results.table("trial")
    means = table.groupby("steps")["phash_distance"].mean().dropna()
    ranking = results.best("trial", "phash_distance")
    assert ranking.standings[0].mean == pytest.approx(means.min())
    assert ranking.standings[1].mean == pytest.approx(means.max())
    assert ranking.standings[1].behind == pytest.approx(means.max() - means.min())
    first, last = best_and_worst(table, "phash_distance")
    assert first.setting == f"steps {means.idxmin()}" and last.setting == f"steps {means.idxmax()}"


def test_diversity_is_the_mean_distance_of_pictures_that_differ_only_in_seed(root):
    (report,) = measure_experiment(root, "trial", ["diversity"], options={"by": "pixels"})
    assert (report.measured, report.failed) == (12, 0)
    table = Results(root).table("trial")
    for _, group in table.groupby(["colour", "steps"]):
        pixels = [np.array(Image.open(root / path), dtype=float) / 255 for path in group["image"]]
        pairs = itertools.combinations(pixels, 2)
        distances = [math.sqrt(((one - other) ** 2).mean()) for one, other in pairs]
        assert group["diversity"].mean() == pytest.approx(np.mean(distances))


def test_diversity_follows_when_a_sweep_gets_more_seeds(tmp_path):
    metrics = [{"diversity": {"by": "phash_distance"}}]
    draw(tmp_path, metrics=metrics)
    before = column(tmp_path, "diversity")
    draw(tmp_path, metrics=metrics, axes={**AXES, "seed": [0, 1, 2, 3, 4]})
    after = column(tmp_path, "diversity")
    assert len(before) == 12 and after.notna().sum() == 20
    assert set(before) != set(after)


def test_a_sweep_with_one_seed_has_no_diversity(tmp_path):
    outcome = draw(tmp_path, metrics=["diversity"], axes={**AXES, "seed": [0]})
    assert outcome.made == 4
    (note,) = outcome.notes
    assert "differ only in seed" in note


def test_duplicates_are_counted_in_the_whole_sweep(root):
    lost = column(root, "image")[1]
    (root / lost).unlink()
    (report,) = measure_experiment(root, "trial", ["duplicates"], options={"tolerance": 255})
    assert (report.measured, report.failed) == (11, 1)
    assert column(root, "duplicates").dropna().eq(10).all()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("diversity", {"by": "colour"}, "perceptual_distance or pixels or phash_distance"),
        ("diversity", {"by": "pixels", "model": "x"}, "looks through no network"),
        ("duplicates", {"tolerance": -1}, "from 0 to 255"),
        ("preference", {}, "metrics.preference.model"),
        ("ssim", {"against": (("steps", 4),), "tolerance": 2}, "none of ssim takes it"),
        ("brightness", {"against": (("steps", 4),)}, "against is {'steps': 4}; allowed: left out"),
    ],
)
def test_options_that_do_not_fit_are_refused(root, name, options, words):
    with pytest.raises(InvalidInput, match=words):
        measure_experiment(root, "trial", [name], options=options)


def test_one_picture_that_fails_costs_only_its_own_value(root, monkeypatch, caplog):
    real = images.read_picture
    bad = column(root, "image")[2]

    def read(path):
        if str(path).endswith(bad):
            raise MemoryError("too large")
        return real(path)

    monkeypatch.setattr(images, "read_picture", read)
    (report,) = measure_experiment(root, "trial", ["clip_score"])
    assert (report.measured, report.failed) == (11, 1)
    assert "MemoryError" in caplog.text


def test_a_run_that_is_cancelled_while_it_measures_keeps_what_is_done(tmp_path):
    cancel = threading.Event()
    axes = {**AXES, "seed": list(range(20))}
    spec = sweep(metrics=[{"diversity": {"by": "pixels"}}], axes=axes)
    steps = []

    def stop(*step):
        steps.append(step)
        cancel.set()

    outcome = run(spec, results=tmp_path, render=fake_render, cancel=cancel, on_measure=stop)
    assert outcome.made == 80 and outcome.notes == ()
    ((_, done, total),) = steps
    assert 0 < done < total == 80
    assert column(tmp_path, "diversity").notna().sum() == done
    run(spec, results=tmp_path, render=fake_render)
    assert column(tmp_path, "diversity").notna().all()


def test_a_notebook_measures_with_the_same_words(root):
    (report,) = dwlab.Results(root).measure("trial", "psnr", against={"steps": 4})
    assert report.measured == 6
    with pytest.raises(InvalidInput, match="none of psnr takes it"):
        dwlab.Results(root).measure("trial", "psnr", against={"steps": 4}, beauty=1)
    with pytest.raises(InvalidInput, match="trial"):
        dwlab.Results(root).measure("never", "psnr", against={"steps": 4})


def test_the_command_measures_and_says_so(root):
    options = ["--metric", "phash_distance", "--against", "steps=4", "--results", str(root)]
    result = CliRunner().invoke(app, ["metrics", "trial", *options])
    assert result.exit_code == 0
    assert "trial: phash_distance: 6 pictures measured" in result.output
    result = CliRunner().invoke(app, ["metrics", "trial", *options[:2], "--against", "steps"])
    assert result.exit_code == 2 and "AXIS=VALUE" in result.output


def test_without_names_every_picture_and_what_the_file_names_is_measured(tmp_path):
    draw(tmp_path, metrics=["usual", {"diversity": {"by": "pixels"}}])
    with Store(tmp_path) as store, store.file.transaction() as sql:
        sql.execute("DELETE FROM measurements")
        sql.execute("DELETE FROM metrics WHERE metric = 'contrast'")
    steps = []
    measure_experiment(tmp_path, "trial", on_progress=lambda *step: steps.append(step))
    assert ("pictures", 12, 12) in steps and ("diversity", 12, 12) in steps
    table = Results(tmp_path).table("trial")
    assert table["contrast"].notna().all() and table["diversity"].notna().all()


def test_a_library_that_is_missing_is_named_before_anything_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagehash", None)
    for metric in (
        {"phash_distance": {"against": {"steps": 4}}},
        {"diversity": {"by": "phash_distance"}},
    ):
        with pytest.raises(MissingExtra, match=r"dwlab\[metrics\]"):
            draw(tmp_path / "results", metrics=[metric])
    assert not (tmp_path / "results").exists()
