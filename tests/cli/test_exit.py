"""How `dwlab sweep` ends: 0, 2, 3, 130 or 1, never with a traceback, and the same command goes on (R11)."""

from __future__ import annotations

import contextlib
import csv
import importlib
import itertools
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import weakref
from contextlib import closing
from pathlib import Path

import pytest
from faults.harness import finished, store_damage

from dwlab.cli.command import command, new_app
from dwlab.runs.sweep import Sweep
from dwlab.spec.compute import Compute
from dwlab.workflows.sweep import execute

pytest_plugins = ["faults.plugin"]
REPOSITORY = Path(__file__).parents[2]
SMALL = """
name: small
base: {prompt: "a {colour} circle", steps: 1, width: 64, height: 64}
axes: {colour: [red, blue], seed: {range: [0, 3]}}
"""


@pytest.fixture
def experiment(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


def sweep(experiment, results, *more):
    return ["sweep", str(experiment), "--results", str(results), "--no-notebook", *more]


def start(arguments):
    """`dwlab` in an interpreter of its own."""
    path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-c", "from dwlab.cli import main; main()", *arguments],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def rows(results):
    """How many finished rows another process can see."""
    try:
        with closing(sqlite3.connect(f"file:{results / 'dwlab.sqlite'}?mode=ro", uri=True)) as sql:
            return sql.execute("SELECT count(*) FROM cells WHERE status = 'ok'").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def clean(ended):
    """Whether what a child said is meant for people."""
    return "Traceback" not in ended.err and "Exception ignored" not in ended.err


def test_a_sweep_that_went_well_ends_with_0(forge, experiment, tmp_path):
    root = tmp_path / "results"
    ended = forge.run(root, "command", argument=sweep(experiment, root))
    assert ended.code == 0 and clean(ended), ended
    assert "6 pictures, 6 made now" in ended.out
    files = {"table.csv", "grid.png", "report.html", "viewer.html", "run.log"}
    assert {p.name for p in (root / "small").iterdir()} == files | {".lock", ".made-from.json"}
    again = forge.run(root, "command", argument=sweep(experiment, root))
    assert again.code == 0 and "0 made now, 6 already there" in again.out


def test_bad_input_ends_with_2_and_leaves_nothing(forge, experiment, tmp_path):
    root = tmp_path / "results"
    for more in (
        ["--set", "steps=0"],
        ["--set", "colours=[red]"],
        ["--device", "tpu"],
        ["--limit", "5"],
        ["--pack", "0"],
    ):
        ended = forge.run(root, "command", argument=sweep(experiment, root, *more))
        assert ended.code == 2 and clean(ended) and ended.err and not ended.out, ended
    assert not root.exists()


def test_failed_cells_end_with_3_and_the_rest_is_made(forge, experiment, tmp_path):
    root = tmp_path / "results"
    # accepted by its name; only the scheduler's arithmetic finds it to be no number
    experiment.write_text(
        SMALL.replace("axes: {", 'axes: {call.eta: [0, "none"], ') + "zip: [[colour, call.eta]]\n"
    )
    ended = forge.run(root, "command", argument=sweep(experiment, root))
    assert ended.code == 3 and clean(ended), ended
    assert "3 failed" in ended.out
    with (root / "small" / "table.csv").open(newline="", encoding="utf-8-sig") as file:
        table = list(csv.DictReader(file))
    assert [row["status"] for row in table] == ["ok"] * 3 + ["failed"] * 3
    assert all(row["error"] and not row["image"] for row in table[3:])
    assert "failed: cell" in (root / "small" / "run.log").read_text()
    again = forge.run(root, "command", argument=sweep(experiment, root))
    assert again.code == 3 and "0 made now, 3 already there, 3 failed" in again.out, (
        "failed cells are tried again"
    )


@pytest.mark.parametrize(
    "place", ["below a file", "in /proc", "a name too long", "its store is a folder", "read-only"]
)
def test_a_folder_that_cannot_be_written_is_one_line_and_1(forge, experiment, tmp_path, place):
    if place == "below a file":
        (tmp_path / "file").touch()
        root = tmp_path / "file" / "results"
    elif place == "its store is a folder":
        root = tmp_path / "results"
        (root / "dwlab.sqlite").mkdir(parents=True)
    elif place == "read-only":
        root = tmp_path / "results"
        root.mkdir(mode=0o500)
    else:
        root = Path("/proc/results") if place == "in /proc" else tmp_path / ("x" * 300)
    ended = forge.run(root, "command", argument=sweep(experiment, root))
    assert ended.code == 1 and clean(ended), ended
    assert ended.err.startswith("dwlab: the results folder ") and len(ended.err.splitlines()) == 1
    assert "check free space and permissions" in ended.err


@pytest.mark.parametrize(
    "points", [3, pytest.param(12, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_a_full_disk_is_one_line_and_the_same_command_goes_on(forge, experiment, tmp_path, points):
    exact = [
        "--exact",
        "16",
    ]  # else a picture's last bits depend on how many were left to compute with it
    whole = tmp_path / "whole"
    reference = forge.run(whole, "command", argument=sweep(experiment, whole, *exact))
    assert reference.code == 0, reference
    calls = reference.calls
    last = max(
        call.number for call in calls if call.name in {"open", "write", "pwrite64", "pwrite"}
    )
    reached = 0
    for k in {*range(2, last, last // (points - 1)), last}:
        root = tmp_path / f"full-{k}"
        ended = forge.run(
            root, "command", argument=sweep(experiment, root, *exact), fault=f"fail:{k}:ENOSPC:on"
        )
        if ended.code == 0 and k > max(call.number for call in ended.calls):
            continue  # this run made fewer calls, and ended before the disk was full
        reached += 1
        assert ended.code == 1 and clean(ended), (k, ended)
        assert ended.err.splitlines()[-1].startswith("dwlab: "), (k, ended.err)
        assert (
            "full" in ended.err or "No space left" in ended.err or "cannot be used" in ended.err
        ), (k, ended.err)
        assert not store_damage(root, set()), k
        again = forge.run(root, "command", argument=sweep(experiment, root, *exact))
        assert again.code == 0 and finished(root) == finished(whole), (k, again)
    assert reached >= points - 1


def interrupt(forge, experiment, folder, seconds, times):
    """Ctrl-C at random times of a sweep; the same command then makes what is missing."""
    chance, codes = random.Random(times), []
    for k in itertools.count():
        if k >= times and 130 in codes:
            break
        root = folder / str(k)
        ended = forge.run(
            root,
            "command",
            argument=sweep(experiment, root),
            kill_after=chance.uniform(0, seconds),
            signal=signal.SIGINT,
        )
        assert ended.code in (0, 130) and clean(ended), ended
        if ended.code == 130:
            assert ended.err.splitlines()[-1].startswith("dwlab: interrupted")
        else:  # it ended by itself: the machine is faster now than when the whole sweep was timed
            seconds *= 0.7
        codes.append(ended.code)
        assert not store_damage(root, set())
        kept = len(finished(root))
        again = forge.run(root, "command", argument=sweep(experiment, root))
        assert again.code == 0 and f"{6 - kept} made now, {kept} already there" in again.out, again


@pytest.mark.parametrize(
    "times", [1, pytest.param(15, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_ctrl_c_at_any_time_keeps_what_was_finished(forge, experiment, tmp_path, times):
    whole = forge.run(tmp_path / "whole", "command", argument=sweep(experiment, tmp_path / "whole"))
    interrupt(forge, experiment, tmp_path / "stopped", whole.report["seconds"] * 0.8, times)


def test_ctrl_c_counts_also_where_a_callback_swallows_it(experiment, tmp_path, in_step):
    made = []

    def swallow(event):
        made.append(event)
        if event.kind == "done" and len(made) < 10:
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        execute(
            Sweep.from_yaml(experiment),
            results=tmp_path / "results",
            compute=Compute(pack=1),
            on_event=swallow,
        )
    assert rows(tmp_path / "results") < 6
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_of_the_real_command_ends_with_130_and_the_same_command_goes_on(
    forge, experiment, tmp_path
):
    root = tmp_path / "results"
    wide = [
        "--set",
        "seed={range: [0, 2000]}",
        "--set",
        "colour=[red]",
        "--set",
        "steps=4",
        "--pack",
        "1",
    ]
    process = start(sweep(experiment, root, *wide))
    while not rows(root) and process.poll() is None:
        time.sleep(0.05)
    seen = rows(root)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, (out, err)
    assert "Traceback" not in err and err.splitlines()[-1].startswith("dwlab: interrupted")
    kept = rows(root)
    assert 1 <= seen <= kept < 2000 and len(list(root.glob("images/*/*.png"))) >= kept
    assert "interrupted" in (root / "small" / "run.log").read_text()
    wide[1] = f"seed={{range: [0, {kept + 1}]}}"
    again = forge.run(root, "command", argument=sweep(experiment, root, *wide))
    assert again.code == 0 and f"1 made now, {kept} already there" in again.out, again


@pytest.mark.parametrize("library", ["jsonschema", "pandas"])
def test_a_library_that_is_gone_is_named_without_a_traceback(library):
    reference = REPOSITORY / "results" / "reference" / "amd-epyc-2-cores-shapes.json"
    code = f"import sys; sys.modules[{library!r}] = None; from dwlab.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "bench", "compare", str(reference)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("dwlab: ") and len(ended.stderr.splitlines()) == 1, ended.stderr
    assert library in ended.stderr and "pip install --upgrade dwlab" in ended.stderr


def test_ctrl_c_that_python_would_ignore_ends_the_command_all_the_same(capsys):
    app = new_app("an app of one command")

    @command(app)
    def wait() -> None:
        class Thing:
            pass

        thing = Thing()
        # Python ignores whatever is raised in such a callback
        _reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
        del thing
        time.sleep(120)
        print("waited in vain")

    with pytest.raises(SystemExit) as left:
        app([])
    printed = capsys.readouterr()
    assert left.value.code == 130
    assert printed.out == ""
    assert printed.err.splitlines()[-1].startswith("dwlab: interrupted")
    assert "ignored" not in printed.err


def test_ctrl_c_while_a_library_is_imported_ends_the_command_as_anywhere_else(
    tmp_path, monkeypatch, capsys
):
    # some compiled modules turn whatever interrupts them into such an error
    (tmp_path / "interrupted_library.py").write_text(
        "import signal\n"
        "try:\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "except BaseException:\n"
        "    raise ImportError('initialization failed') from None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    app = new_app("an app of one command")

    @command(app)
    def use() -> None:
        importlib.import_module("interrupted_library")
        time.sleep(120)
        print("waited in vain")

    with pytest.raises(SystemExit) as left:
        app([])
    printed = capsys.readouterr()
    assert left.value.code == 130
    assert printed.out == ""
    assert printed.err.splitlines()[-1].startswith("dwlab: interrupted")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
