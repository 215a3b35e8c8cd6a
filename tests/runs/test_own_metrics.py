"""Metrics of the user's own: from a file, a notebook and a package, over new sweeps and old ones."""

from __future__ import annotations

import importlib
import shutil
import sys

import own_code
import pytest
from faults.child import fake_render
from own_metrics import install_package, metric_file

from dwlab.analysis.results import Results
from dwlab.errors import InvalidInput, RenderError
from dwlab.runs import code_trust
from dwlab.runs.measuring_later import measure_experiment
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep

BASE = {"prompt": "a {colour} circle", "width": 64, "height": 64, "scheduler": "DDIMScheduler"}
AXES = {"colour": ["red", "blue"], "steps": [2, 4], "seed": [0, 1, 2]}
NOTEBOOK = """
import dwlab

SCALE = 2


@dwlab.metric(version=VERSION, better="lower")
def breadth(pictures, cells):
    # a comment
    return [SCALE * picture.width for picture in pictures]
"""


def sweep(name="trial", **options):
    return Sweep(**{"name": name, "base": BASE, "axes": AXES, "metrics": ["brightness"], **options})


def draw(root, spec=None, *, trust=True, **options):
    spec = spec or sweep(**options)
    if trust:
        code_trust.trust(spec.own_metrics)
    return run(spec, results=root, render=fake_render)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    root = tmp_path_factory.mktemp("drawn")
    run(sweep(), results=root, render=fake_render)
    return root


@pytest.fixture
def root(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "results")


@pytest.fixture
def mine(tmp_path):
    return metric_file(tmp_path / "metrics")


def column(root, name, experiment="trial"):
    return Results(root).table(experiment)[name]


def notebook(text=NOTEBOOK, version=1):
    return own_code.notebook(text.replace("VERSION", str(version)))


def test_a_file_of_the_yaml_is_measured_and_ranks_settings(tmp_path, mine):
    path = tmp_path / "trial.yaml"
    path.write_text(
        """
        base: {prompt: "a {colour} circle", width: 64, height: 64, scheduler: DDIM}
        axes: {colour: [red, blue], steps: [2, 4], seed: [0, 1, 2]}
        metrics:
          - brightness
          - metrics/mine.py:redness
          - metrics/mine.py:recipe
          - metrics/mine.py:drift: {against: {steps: 4}, label: four}
        metric: drift.four
        """,
        "utf-8",
    )
    spec = Sweep.from_yaml(path)
    with pytest.raises(InvalidInput, match=r"metrics.*redness.*trust-code"):
        draw(tmp_path / "refused", spec, trust=False)
    assert not (tmp_path / "refused").exists()
    outcome = draw(tmp_path / "results", spec)
    assert outcome.made == 12 and outcome.notes == ()
    table = Results(tmp_path / "results").table("trial")
    assert table["redness"].between(-1, 1).all()
    expected = table["steps"] + 100 * table["seed"] + 1000 * (table["colour"] == "red")
    assert (table["recipe"] == expected).all()
    assert table[table["steps"] == 4]["drift.four"].isna().all()
    assert table[table["steps"] == 2]["drift.four"].notna().all()
    assert table.attrs["metric"] == "drift.four"
    # the same sweep as the store keeps it
    again = Sweep.from_dict(Results(tmp_path / "results").specs()["trial"])
    assert again == spec
    assert draw(tmp_path / "results", again).notes == ()


def test_keys_do_not_know_of_metrics(mine):
    plain = [cell.params for cell in sweep().cells()]
    own = [cell.params for cell in sweep(metrics=[f"{mine}:redness"]).cells()]
    assert plain == own


def test_an_old_sweep_is_measured_after_the_fact_and_only_once(root, mine):
    (report,) = measure_experiment(root, "trial", [f"{mine}:redness"])
    assert (report.pictures, report.known, report.measured, report.failed) == (12, 0, 12, 0)
    values = column(root, "redness")
    (report,) = measure_experiment(root, "trial", [f"{mine}:redness"])
    assert (report.known, report.measured) == (12, 0)
    draw(root, name="other")
    (report,) = Results(root).measure("other", f"{mine}:redness")
    assert (report.known, report.measured) == (12, 0)
    assert column(root, "redness", "other").equals(values)


def test_a_comment_measures_nothing_again_but_an_edit_or_a_new_version_does(root, mine):
    measure_experiment(root, "trial", [f"{mine}:redness"])
    text = mine.read_text("utf-8")
    mine.write_text(text.replace('"""Metrics of mine."""', '"""Words."""  # of mine'), "utf-8")
    (report,) = measure_experiment(root, "trial", [f"{mine}:redness"])
    assert (report.known, report.edited) == (12, False)
    mine.write_text(text.replace("/ 2)", "/ 4)"), "utf-8")
    (report,) = measure_experiment(root, "trial", [f"{mine}:redness"])
    assert (report.measured, report.edited) == (12, True)
    assert "its code was edited" in str(report)
    mine.write_text(text.replace("version=1", "version=2"), "utf-8")
    (report,) = measure_experiment(root, "trial", [f"{mine}:redness"])
    assert (report.measured, report.edited) == (12, False)
    (mine.parent / "weights.py").write_text("RED = 0.5\n", "utf-8")
    (report,) = measure_experiment(root, "trial", [f"{mine}:redness"])
    assert report.measured == 12


def test_a_function_of_a_notebook_measures_in_a_sweep_and_afterwards(tmp_path, root):
    breadth = notebook().breadth
    table = sweep(metrics=["brightness", breadth])
    outcome = draw(tmp_path / "new", table, trust=False)
    assert outcome.notes == ()
    assert (column(tmp_path / "new", "breadth") == 128).all()
    (report,) = Results(root).measure("trial", breadth, label="twice")
    assert report.measured == 12 and (column(root, "breadth.twice") == 128).all()
    (report,) = Results(root).measure("trial", notebook().breadth, label="twice")
    assert report.known == 12
    (report,) = Results(root).measure("trial", notebook(version=2).breadth, label="twice")
    assert (report.known, report.edited) == (0, False)
    edited = notebook(NOTEBOOK.replace("SCALE = 2", "SCALE = 3"), version=2).breadth
    (report,) = Results(root).measure("trial", edited, label="twice")
    assert report.edited and (column(root, "breadth.twice") == 192).all()


def test_a_sweep_whose_notebook_is_gone_keeps_its_values_and_runs(tmp_path):
    draw(tmp_path, sweep(metrics=["brightness", notebook().breadth]), trust=False)
    stored = Results(tmp_path).specs()["trial"]
    (_, named) = stored["metrics"]
    named["breadth"] |= {"code": "0" * 64, "against": {"steps": 4}}
    outcome = draw(tmp_path, Sweep.from_dict(stored), trust=False)
    (note,) = outcome.notes
    assert "breadth was not measured: a notebook that is gone defined it" in note
    assert column(tmp_path, "breadth").notna().all()


def test_nan_none_and_errors_are_empty_values_that_name_metric_and_cell(root, mine, caplog):
    (report,) = measure_experiment(root, "trial", [f"{mine}:moody"])
    # of twelve, those of seed 0 with four steps that are blue
    assert (report.measured, report.failed) == (1, 11)
    assert column(root, "moody").notna().sum() == 1
    keys = Results(root).table("trial")["key"]
    warnings = [record.getMessage() for record in caplog.records]
    for key in keys[column(root, "moody").isna()]:
        assert any(f"moody of cell {key} is empty" in warning for warning in warnings)
    for reason in (
        "RuntimeError: not to my liking",
        "SystemExit",
        "the value is nan",
        "gives it no value",
    ):
        assert any(reason in warning for warning in warnings), reason
    assert "11 without a value (cell" in str(report) and "and others" in str(report)
    outcome = draw(root, metrics=["brightness", f"{mine}:moody"])
    (note,) = outcome.notes
    assert "moody" in note and outcome.failed == 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("outside", "ValueError: 2 is outside of its bounds, 0 to 1"),
        ("short", "ValueError: it returned 1.0 for 1 pictures; return a list of as many"),
    ],
)
def test_what_cannot_be_a_value_is_empty(root, mine, name, reason):
    (report,) = measure_experiment(root, "trial", [f"{mine}:{name}"])
    assert report.failed == 12
    assert reason in str(report)


def test_a_distance_of_ones_own_ranks_upside_down_and_knows_its_margin(root, mine):
    options = {"against": {"steps": 4}}
    measure_experiment(root, "trial", [f"{mine}:drift"], options=options)
    measure_experiment(root, "trial", [f"{mine}:recipe"], options={})
    measure_experiment(root, "trial", [f"{mine}:redness"])
    measure_experiment(root, "trial", [notebook().breadth])
    ranking = Results(root).best("trial", "recipe")
    assert ranking.standings[0].setting == "steps 4" and ranking.margin == 0.03
    assert Results(root).best("trial", "redness").margin == 0.2
    with pytest.raises(InvalidInput, match="a distance, 0 for equal pictures"):
        Results(root).convergence("trial", distance="recipe")
    assert Results(root).convergence("trial", distance="drift").measure == "drift"
    interval = Results(root).compare("trial", "redness", {"steps": 4}, {"steps": 2})
    assert -2 <= interval.low <= interval.high <= 2


def test_a_package_offers_a_metric_that_is_imported_only_when_it_is_named(
    tmp_path, root, monkeypatch
):
    monkeypatch.syspath_prepend(str(install_package(tmp_path)))
    sweep(metrics=["clip_score"])
    assert "beauty_of_pictures" not in sys.modules
    outcome = draw(root, metrics=["brightness", "area"])
    assert outcome.notes == () and (column(root, "area") == 64 * 64).all()
    assert Results(root).table("trial").attrs["measured"]["area"]["better"] == "lower"
    # what lies beside it in site-packages are other packages
    area = importlib.import_module("beauty_of_pictures").area

    (report,) = measure_experiment(root, "trial", [area])
    assert (report.known, report.measured) == (12, 0)
    (tmp_path / "site-packages/neighbour.py").write_text("VALUE = 2\n", "utf-8")
    (report,) = measure_experiment(root, "trial", ["area"])
    assert report.known == 12
    with pytest.raises(InvalidInput, match=r"def name\(pictures, cells\)"):
        measure_experiment(root, "trial", ["plain"])
    with pytest.raises(InvalidInput, match=r"that of beauty cannot .*no_such_module"):
        measure_experiment(root, "trial", ["gone"])
    with pytest.raises(InvalidInput, match=r"area.*gone.*plain.*mine\.py:sharpness"):
        measure_experiment(root, "trial", ["areas"])


def placed(value, folder):
    """Metrics in which FOLDER is a folder."""
    if isinstance(value, list):
        return [placed(each, folder) for each in value]
    if isinstance(value, dict):
        return {placed(name, folder): options for name, options in value.items()}
    return value.replace("FOLDER", folder) if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (["FOLDER/mine.py:helper"], "a metric in mine.py: redness, drift"),
        (["FOLDER/mine.py"], "FILE.py:NAME"),
        (["FOLDER/none.py:f"], "a file that can be read"),
        (["FOLDER/mine.py:drift"], "metrics.drift.against"),
        ([{"FOLDER/mine.py:redness": {"against": {"steps": 4}}}], "the options of redness: none"),
        ([{"FOLDER/mine.py:redness": {"colour": 1}}], "the options model, against"),
        (["FOLDER/mine.py:redness", "FOLDER/mine.py:redness"], "each metric once"),
        ([len], "decorated with @dwlab.metric"),
        ([{"redness": {"code": "x"}}], "64 digits"),
    ],
)
def test_what_is_no_metric_is_refused_before_anything_is_drawn(tmp_path, mine, metrics, words):
    named = placed(metrics, str(mine.parent))
    with pytest.raises(InvalidInput, match=words):
        draw(tmp_path / "results", metrics=named)
    assert not (tmp_path / "results").exists()


def test_a_name_that_dwlab_has_itself_needs_a_label(tmp_path, root):
    path = metric_file(
        tmp_path / "metrics",
        "import dwlab\n\n@dwlab.metric\ndef sharpness(pictures, cells):\n    return [1.0] * len(cells)\n",
    )
    with pytest.raises(InvalidInput, match=r"sharpness\.own"):
        measure_experiment(root, "trial", [f"{path}:sharpness"])
    measure_experiment(root, "trial", [f"{path}:sharpness"], label="own")
    assert (column(root, "sharpness.own") == 1).all()
    path.write_text(path.read_text("utf-8").replace("sharpness", "colour"), "utf-8")
    with pytest.raises(InvalidInput, match="an axis of that name"):
        measure_experiment(root, "trial", [f"{path}:colour"])
    with pytest.raises(InvalidInput, match="an axis of that name"):
        draw(root, metrics=[f"{path}:colour"])


@pytest.mark.parametrize(
    "text",
    [
        "import dwlab\n\n@dwlab.metric(better='more')\ndef f(pictures, cells):\n    return []\n",
        "import dwlab\n\n@dwlab.metric(bounds=(1, 0))\ndef f(pictures, cells):\n    return []\n",
        "import dwlab\n\n@dwlab.metric(device='tpu')\ndef f(pictures, cells):\n    return []\n",
        "import dwlab\n\n@dwlab.metric(version=0)\ndef f(pictures, cells):\n    return []\n",
        "import dwlab\n\n@dwlab.metric(colour=1)\ndef f(pictures, cells):\n    return []\n",
        "import dwlab\n\n@dwlab.metric(version=one())\ndef f(pictures, cells):\n    return []\n",
        "import dwlab\n\n@dwlab.metric\ndef f(pictures):\n    return []\n",
        "import dwlab\n\n@dwlab.metric\ndef f(pictures, cells, others):\n    return []\n",
        "import dwlab\n\n@dwlab.metric\ndef f(pictures, cells, *, size):\n    return []\n",
    ],
)
def test_a_decorator_that_says_nonsense_is_refused_without_running_the_file(tmp_path, text):
    path = metric_file(tmp_path / "metrics", f"raise SystemExit\n{text}")
    with pytest.raises(InvalidInput):
        sweep(metrics=[f"{path}:f"])


def test_code_that_ends_while_it_is_loaded_is_a_note(tmp_path):
    text = "import dwlab\nraise SystemExit('no')\n\n@dwlab.metric\ndef f(pictures, cells):\n    return []\n"
    path = metric_file(tmp_path / "metrics", text)
    outcome = draw(tmp_path / "results", metrics=["brightness", f"{path}:f"])
    (note,) = outcome.notes
    assert outcome.made == 12 and "f was not measured" in note and "SystemExit: no" in note
    with pytest.raises(RenderError, match="cannot be loaded: SystemExit: no"):
        measure_experiment(tmp_path / "results", "trial", [f"{path}:f"])
