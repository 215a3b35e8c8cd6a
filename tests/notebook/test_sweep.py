"""The sweep notebook: with plain papermill, after `dwlab sweep`, read while it is written, killed, and with wrong parameters."""

from __future__ import annotations

import ast
import html
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from own_code import INTERVAL, method_file
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import DwlabError, InvalidInput
from dwlab.notebook.papermill import notebook_path, run_notebook
from dwlab.notebook.sweep import PARAMETERS, open_sweep
from dwlab.notebook.sweep_notebook import executed_sweep_notebook

NOTEBOOK = notebook_path("sweep")
OUTPUT_LIMIT = 200_000  # bytes of one cell's output
FILES = {"table.csv", "grid.png", "report.html", "viewer.html", "run.log"}
TINY = """
base: {prompt: "a {colour} circle", width: 64, height: 64}
axes:
  colour: [red, blue]
  steps: [1, 2]
"""
NO_EFFECT = """
base: {prompt: a red circle, width: 64, height: 64, steps: 1}
axes:
  guidance: [0, 1]
"""
ENDLESS = """
base: {prompt: a red circle, width: 64, height: 64, steps: 1000}
axes:
  seed: {range: [0, 500]}
"""
PAUSE = 0.005  # seconds between two looks at a file, which leave the writer its turn
CLI = [sys.executable, "-c", "from dwlab.cli import main; main()"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "experiments").mkdir()
    (folder / "experiments/tiny.yaml").write_text(TINY)
    (folder / "experiments/endless.yaml").write_text(ENDLESS)
    (folder / "experiments/no-effect.yaml").write_text(NO_EFFECT)
    return folder


def papermill(project, parameters, output="out.ipynb"):
    """Plain papermill, as a person calls it from the project's folder; with parameters as YAML."""
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(NOTEBOOK),
        output,
        "-y",
        json.dumps(parameters),
        "--no-progress-bar",
    ]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def outputs(path):
    return [
        output
        for cell in json.loads(path.read_text())["cells"]
        for output in cell.get("outputs", ())
    ]


def visible(folder):
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def kinds(path):
    return {kind for output in outputs(path) for kind in output.get("data", ())}


def stream_text(path):
    return "".join(
        "".join(output["text"]) for output in outputs(path) if output["output_type"] == "stream"
    )


# ---- plain papermill


@pytest.fixture(scope="module")
def ran(project):
    """A tiny sweep that plain papermill ran with overrides, into the project's own results.

    One of its four pictures was there already. Gives the project and that picture's row.
    """
    root = project / "results"
    base = {"prompt": "a {colour} circle", "width": 64, "height": 64}
    before = dwlab.Sweep("tiny", base=base, axes={"colour": ["red"], "steps": [1]}).run(root)
    ended = papermill(
        project, {"experiment": "experiments/tiny.yaml", "overrides": {"steps": [1, 3]}}
    )
    assert ended.returncode == 0, ended.stderr
    return project, before.iloc[0]


@pytest.mark.slow
def test_plain_papermill_computes_the_sweep_and_writes_its_files(ran):
    project, _ = ran
    table = dwlab.Results(project / "results").table("tiny")
    assert [(row.colour, row.steps) for row in table.itertuples()] == [
        ("red", 1),
        ("red", 3),
        ("blue", 1),
        ("blue", 3),
    ]
    assert set(table["status"]) == {"ok"}
    assert all((project / "results" / image).is_file() for image in table["image"])
    assert visible(project / "results/tiny") == FILES


@pytest.mark.slow
def test_the_executed_notebook_shows_pictures_and_stays_small(ran):
    path = ran[0] / "out.ipynb"
    nbformat.validate(nbformat.read(path, 4))
    assert {"text/html", "image/jpeg", "image/png"} <= kinds(path)
    assert max(len(json.dumps(output)) for output in outputs(path)) <= OUTPUT_LIMIT


@pytest.mark.slow
def test_its_progress_is_a_few_lines_and_no_bar(ran):
    text = stream_text(ran[0] / "out.ipynb")
    assert "100%: 3/3 pictures" in text
    assert "\r" not in text and "█" not in text


@pytest.mark.slow
def test_it_computes_only_what_is_missing(ran):
    project, before = ran
    after = dwlab.Results(project / "results").table("tiny").set_index("key")
    assert after.loc[before["key"], "created"] == before["created"]
    assert "tiny: 3 pictures made now, 1 already there" in stream_text(project / "out.ipynb")


def test_a_parameter_that_is_unknown_fails_the_notebook_before_anything_is_computed(project):
    root = project / "refused"
    parameters = {"experiment": "experiments/tiny.yaml", "overides": {"steps": 1}}
    ended = papermill(project, parameters | {"results": str(root)}, "refused.ipynb")
    assert ended.returncode != 0
    assert "InvalidInput" in ended.stderr and "overides" in ended.stderr
    assert not root.exists()


def test_without_an_experiment_it_runs_from_top_to_bottom_and_shows_the_panel(project):
    output = project / "notebooks" / "panel.ipynb"
    run_notebook("sweep", output, {})
    assert "application/vnd.jupyter.widget-view+json" in kinds(output)
    assert not [o for o in outputs(output) if o["output_type"] == "error"]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"overrides": [1]}, "overrides"),
        ({"overrides": {"nosuch": 1}}, "overrides.nosuch"),
        ({"overrides": {"__import__('os').system('touch owned')": 1}}, "overrides.__import__"),
        ({"overrides": {"call.__import__('os')": 1}}, "overrides.call.__import__"),
        ({"overrides": {"steps": [0]}, "experiment": "nosuch.yaml"}, "experiment"),
        ({"overrides": {"steps": 2}, "experiment": ""}, "experiment"),
        ({"overrides": {"steps": 2}, "compute": False}, "overrides"),
        ({"compute": False}, "experiment"),
        ({"experiment": 7}, "experiment"),
        ({"memory": "nosuch"}, "memory"),
    ],
)
def test_parameters_that_are_wrong_are_refused_by_name(
    parameters, field, project, tmp_path, monkeypatch
):
    monkeypatch.chdir(project)
    with pytest.raises(InvalidInput) as error:
        open_sweep(
            **{
                "experiment": "experiments/tiny.yaml",
                "results": str(tmp_path / "none"),
                **parameters,
            }
        )
    assert error.value.field.startswith(field)
    assert not (tmp_path / "none").exists()


def test_an_experiment_is_found_from_the_notebooks_folder_too(project, tmp_path, monkeypatch):
    (project / "notebooks").mkdir(exist_ok=True)
    monkeypatch.chdir(project / "notebooks")
    for experiment in ("experiments/tiny.yaml", "../experiments/tiny.yaml", "tiny"):
        assert open_sweep(experiment, results=str(tmp_path)).name == "tiny"


def test_the_parameters_cell_declares_what_may_be_set():
    (cell,) = [
        c for c in nbformat.read(NOTEBOOK, 4).cells if "parameters" in c.metadata.get("tags", ())
    ]
    assert tuple(node.targets[0].id for node in ast.parse(cell.source).body) == PARAMETERS


# ---- after `dwlab sweep`


@pytest.fixture(scope="module")
def swept(project):
    """A tiny sweep that the command ran, with its own results folder; gives the folder and what was printed."""
    root = project / "swept"
    command = [*CLI, "sweep", "experiments/tiny.yaml", "--results", str(root)]
    ended = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return root, ended.stdout


def test_the_command_leaves_notebook_table_grid_report_and_log(swept):
    root, printed = swept
    assert visible(root / "tiny") == FILES | {"sweep.ipynb"}
    assert all(str(root / "tiny" / name) in printed for name in [*FILES, "sweep.ipynb"])
    assert "tiny: 4 pictures, 4 made now, 0 already there" in printed


def test_the_same_command_again_does_not_execute_the_notebook(swept):
    path = swept[0] / "tiny" / "sweep.ipynb"
    executed = path.stat()
    assert executed_sweep_notebook(swept[0], "tiny") == path
    assert path.stat().st_ino == executed.st_ino


@pytest.mark.slow
def test_a_notebook_that_was_saved_over_is_executed_again(swept):
    path = swept[0] / "tiny" / "sweep.ipynb"
    path.write_text("{}", "utf-8")
    executed_sweep_notebook(swept[0], "tiny")
    assert "text/html" in kinds(path)


def test_its_notebook_shows_the_finished_store_and_computes_nothing(swept):
    path = swept[0] / "tiny" / "sweep.ipynb"
    assert {"text/html", "image/jpeg", "image/png"} <= kinds(path)
    assert max(len(json.dumps(output)) for output in outputs(path)) <= OUTPUT_LIMIT
    assert stream_text(path) == ""


def test_its_report_counts_the_pictures_of_the_run_and_contains_the_experiment(swept, tmp_path):
    root, _ = swept
    report = (root / "tiny" / "report.html").read_text("utf-8")
    words = " ".join(html.unescape(re.sub("<[^>]*>", " ", report)).split())
    assert (
        "4 pictures of 4 cells 0 failed" in words
        and "this run" in words
        and "dwlab sweep tiny.yaml" in words
    )
    experiment = tmp_path / "tiny.yaml"
    experiment.write_text(
        html.unescape(report.rpartition("<pre>")[2].partition("</pre>")[0]), "utf-8"
    )
    again = CliRunner().invoke(app, ["sweep", str(experiment), "--results", str(root), "--dry-run"])
    assert re.search(r"cells: +4\ndone: +4\nto do: +0\n", again.output), again.output


def test_warnings_of_the_plan_are_printed_before_the_run_and_are_in_its_report_and_log(
    project, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(project)
    options = ["--results", str(tmp_path), "--no-notebook"]
    result = CliRunner().invoke(app, ["sweep", "experiments/no-effect.yaml", *options])
    assert result.exit_code == 0, result.output
    warning = "guidance 0, 1: all of them switch guidance off, so their pictures are the same"
    assert result.stderr.index(f"warning: {warning}") < result.stderr.index("2/2 pictures")
    assert warning in (tmp_path / "no-effect/report.html").read_text("utf-8")
    assert warning in (tmp_path / "no-effect/run.log").read_text("utf-8")
    open_sweep("experiments/no-effect.yaml", results=str(tmp_path)).run()
    assert f"warning: {warning}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["__import__('os').system('touch owned')", "steps;x", "a b", "call.x y", ""]
)
def test_a_name_with_code_is_refused_by_the_command(name, project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    experiment = str(project / "experiments/tiny.yaml")
    result = CliRunner().invoke(
        app, ["sweep", experiment, "--results", str(tmp_path / "none"), "--set", f"{name}=1"]
    )
    assert result.exit_code == 2, result.output
    assert not list(tmp_path.iterdir())


def test_a_failing_notebook_is_kept_and_says_why(tmp_path):
    output = tmp_path / "tiny" / "sweep.ipynb"
    with pytest.raises(
        DwlabError, match=r"notebook sweep failed at cell \d+: InvalidInput: experiment is 'nosuch'"
    ):
        run_notebook(
            "sweep", output, {"experiment": "nosuch", "results": str(tmp_path), "compute": False}
        )
    assert [o["ename"] for o in outputs(output) if o["output_type"] == "error"] == ["InvalidInput"]
    assert [path.name for path in output.parent.iterdir()] == ["sweep.ipynb"]


def test_braces_in_a_folder_are_not_filled_in(swept, tmp_path):
    root, _ = swept
    output = tmp_path / "{experiment}" / "{0}" / "out.ipynb"
    run_notebook("sweep", output, {"experiment": "tiny", "results": str(root), "compute": False})
    assert [path.name for path in output.parent.iterdir()] == ["out.ipynb"]


# ---- neither a reader nor a kill sees half a notebook


def poll(path, process):
    """(reads, torn reads) of `path` until `process` ends."""
    reads = torn = 0
    while process.poll() is None:
        reads += 1
        torn += _is_torn(path)
        time.sleep(PAUSE)
    return reads, torn


def writer(code, *arguments):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)])


AGAIN = """
import sys
from pathlib import Path
from dwlab.notebook.papermill import run_notebook
output, root = Path(sys.argv[1]), sys.argv[2]
run_notebook("sweep", output, {"experiment": "tiny", "results": root, "compute": False})
"""
NAIVE = """
import sys
import nbformat.v4 as v4
from papermill.iorw import write_ipynb
notebook = v4.new_notebook(cells=[v4.new_code_cell("x", outputs=[v4.new_output("stream", text="x" * 10_000_000)])])
for _ in range(1000):
    write_ipynb(notebook, sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_notebook_that_is_polled_and_killed_is_never_torn(swept, tmp_path):
    kills = 20
    output, chance = tmp_path / "sweep.ipynb", random.Random(3)
    began = time.monotonic()
    run_notebook(
        "sweep", output, {"experiment": "tiny", "results": str(swept[0]), "compute": False}
    )
    usual, first = time.monotonic() - began, output.stat().st_ino
    reads = torn = 0
    for attempt in range(kills + 1):
        process = writer(AGAIN, output, swept[0])
        if attempt < kills:  # at any moment of a run; the last one may end
            timer = subprocess.Popen(["sleep", f"{chance.uniform(0.2, 1.3) * usual:.2f}"])
            while timer.poll() is None and process.poll() is None:
                reads, torn = reads + 1, torn + _is_torn(output)
                time.sleep(PAUSE)
            process.send_signal(signal.SIGKILL)
            timer.kill()
            timer.wait()
            process.wait()
        else:
            more, broken = poll(output, process)
            reads, torn = reads + more, torn + broken
            assert process.returncode == 0
        torn += _is_torn(output)
    assert reads > 0 and torn == 0
    assert output.stat().st_ino != first  # it was replaced under the reader's eyes
    nbformat.validate(nbformat.read(output, 4))
    assert list(outputs(output))


def _is_torn(path):
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return True
    return False


def test_the_same_poller_sees_torn_notebooks_if_papermill_writes_them_itself(tmp_path):
    output = tmp_path / "naive.ipynb"
    output.write_text("{}")
    process = writer(NAIVE, output)
    while process.poll() is None and not _is_torn(output):
        time.sleep(PAUSE)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it wrote them all before a torn one was seen"


# ---- no kernel outlives its papermill


@pytest.mark.slow
def test_killing_papermill_ends_the_kernel_while_it_computes(project, tmp_path, record_property):
    log = tmp_path / "results" / "endless" / "run.log"
    parameters = json.dumps(
        {"experiment": "experiments/endless.yaml", "results": str(tmp_path / "results")}
    )
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(NOTEBOOK),
        str(tmp_path / "out.ipynb"),
        "-y",
        parameters,
    ]
    with (tmp_path / "log").open("w") as sink:
        parent = subprocess.Popen(command, cwd=project, stdout=sink, stderr=sink)
    try:
        _until(lambda: log.exists() or parent.poll() is not None, 120)
        assert parent.poll() is None, (tmp_path / "log").read_text()
        (kernel,) = [
            p for p in psutil.Process(parent.pid).children() if "ipykernel" in " ".join(p.cmdline())
        ]
        loaded = kernel.cpu_times().user
        _until(
            lambda: kernel.cpu_times().user > loaded + 3, 120
        )  # the model loads in less; then it computes
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    began = time.monotonic()
    try:
        _until(lambda: _gone(kernel), 120)  # within 5 s on a machine that is not busy
    finally:
        if not _gone(kernel):
            kernel.kill()
    record_property("seconds", round(time.monotonic() - began, 2))


def _gone(process):
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


# ---- code of one's own


def test_a_notebook_runs_a_method_once_its_parameter_says_so(tmp_path):
    path = method_file(tmp_path, INTERVAL + "\n\n# of test_sweep\nNUMBER = 1\n")
    experiment = tmp_path / "own.yaml"
    experiment.write_text(
        f"method: {path.name}:plain\nbase: {{prompt: a, width: 64, height: 64, steps: 1}}\n",
        "utf-8",
    )
    results = str(tmp_path / "results")
    with pytest.raises(InvalidInput, match="trust_code=True"):
        open_sweep(str(experiment), results=results).run()
    sweep = open_sweep(str(experiment), results=results, trust_code=True)
    sweep.run()
    assert list(sweep.table["method"]) == ["plain"]
