"""What an earlier version made and taught still holds: pictures, results folders, commands, flags and imports.

The data lie in `cases/before`, and came from version 0.1.0 on two cores, one thread (OMP_NUM_THREADS=1) and one CPU:

- `pictures/KEY.png`: `dwlab sweep tests/cases/before/pictures.yaml --exact 4 --no-notebook --device cpu --results DIR`,
  each picture copied under its key. `machine.json` says which CPU and libraries made them. There the files are equal
  byte for byte; another CPU, library or number of threads may change the last bit of a sum, so there the pixels are within 1/255.
- `results/`: `dwlab sweep tests/cases/before/trial.yaml --no-notebook --device cpu --results DIR`, then three pictures made
  and marked by the session under the prompt bench (`Session.make` and `.mark`): one has stars and a note, one is hidden and
  one is pinned. The grid, the report and the lock were left out. One cell of the sweep fails, and one has no finite values.
  `table.json` is what `dwlab table NAME --format json` printed of both, `results/trial/table.csv` what the sweep wrote.
- `help/`: each command with `--help`, at COLUMNS=100 NO_COLOR=1 TERM=dumb (most wrap at 80 all the same). Spaces in its name became `-`.
- `imports.txt`: what the README, the pages in docs/ and the notebooks import, and the public names of dwlab.

A later version may add columns, flags and commands. The keys of 200 cells are in spec/test_key.py.
"""

from __future__ import annotations

import csv
import dataclasses
import importlib.metadata
import json
import pkgutil
import platform
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, features

import dwlab
from dwlab.cli.app import main

BEFORE = Path(__file__).parent / "cases" / "before"
TABLES = json.loads((BEFORE / "table.json").read_text("utf-8"))
HELP = sorted((BEFORE / "help").glob("dwlab*.txt"))
MODULES = sorted((BEFORE / "help").glob("python-m-*.txt"))
IMPORTS = (BEFORE / "imports.txt").read_text("utf-8").split()
SOME_FAILED = 3


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `dwlab WORDS` in a process of its own."""
    start = [sys.executable, "-c", "from dwlab.cli import main; main()"]
    return subprocess.run([*start, *words], capture_output=True, encoding="utf-8", check=False)


def exit_code(*words: str) -> object:
    """Run `dwlab WORDS` in this process, which is quicker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dwlab", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    return ended.value.code or 0


# ---- pictures


def machine() -> dict[str, object]:
    """What the last bit of a picture and the bytes of its file depend on."""
    names = ("torch", "diffusers", "transformers", "numpy", "pillow")
    return {
        "cpu": cpu(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "zlib": f"{features.version('zlib')}, zlib-ng {features.version('zlib_ng')}",
        **{name: importlib.metadata.version(name) for name in names},
    }


def cpu() -> list[str]:
    """The kind of CPU as the system tells it; the name alone is the same for several generations."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return [platform.system(), platform.machine()]
    first = info.read_text("utf-8").partition("\n\n")[0]
    return re.findall(r"^(?:model name|cpu family|model|stepping)\s*: (.+)$", first, re.MULTILINE)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The twelve pictures, made now, by their keys."""
    root = tmp_path_factory.mktemp("pictures")
    table = dwlab.Sweep.from_yaml(BEFORE / "pictures.yaml").run(root, device="cpu", exact=4)
    return {key: root / image for key, image in zip(table["key"], table["image"], strict=True)}


def text_chunks(file: Path) -> list[bytes]:
    """The chunks of a PNG that hold text, as they are in the file."""
    data, place, chunks = file.read_bytes(), 8, []
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8] in (b"tEXt", b"zTXt", b"iTXt"):
            chunks.append(data[place:end])
        place = end
    return chunks


def pixels(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image).astype(int)


def old_pictures() -> list[Path]:
    return sorted((BEFORE / "pictures").glob("*.png"))


def test_the_twelve_pictures_have_the_keys_they_had(pictures):
    assert len(pictures) == 12
    assert sorted(pictures) == [old.stem for old in old_pictures()]


def test_the_twelve_pictures_carry_the_same_texts_byte_for_byte(pictures):
    for old in old_pictures():
        assert len(text_chunks(old)) == 2
        assert text_chunks(pictures[old.stem]) == text_chunks(old)


def test_the_twelve_pictures_look_the_same(pictures):
    for old in old_pictures():
        difference = np.abs(pixels(pictures[old.stem]) - pixels(old)).max()
        assert difference <= 1, old.name


def test_the_machine_that_made_the_twelve_pictures_makes_the_same_files_again(pictures):
    same_machine = machine() == json.loads((BEFORE / "machine.json").read_text("utf-8"))
    for old in old_pictures():
        same_bytes = pictures[old.stem].read_bytes() == old.read_bytes()
        assert same_bytes or not same_machine, old.name


# ---- a results folder


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BEFORE / "results", tmp_path / "results"))


def test_an_old_results_folder_opens_with_all_its_rows(results):
    opened = dwlab.Results(results)
    assert opened.experiments() == TABLES["experiments"] == ["trial", "explore"]
    assert len(opened.table()) == 11
    assert opened.table("trial")["status"].tolist().count("failed") == 1
    assert opened.table("explore")["stars"].dropna().tolist() == [4]


@pytest.mark.parametrize("name", TABLES["tables"])
def test_an_old_experiment_has_the_table_it_had(results, name):
    rows = json.loads(command("table", name, "--format", "json", "--results", results).stdout)
    old_rows = TABLES["tables"][name]
    assert [{column: row[column] for column in old_rows[0]} for row in rows] == old_rows


def test_an_old_experiment_has_the_csv_it_had(results):
    old_rows = list(
        csv.DictReader((results / "trial/table.csv").read_text("utf-8-sig").splitlines())
    )
    printed = command("table", "trial", "--format", "csv", "--results", results).stdout
    rows = list(csv.DictReader(printed.removeprefix("\ufeff").splitlines()))
    assert [{column: row[column] for column in old_rows[0]} for row in rows] == old_rows


def test_an_old_results_folder_is_whole(results):
    verified = command("verify", "--results", results)
    assert verified.returncode == 0, verified.stdout


def test_running_an_old_experiment_again_makes_no_picture_and_a_new_report(results, capsys):
    plan = dwlab.Sweep.from_yaml(BEFORE / "trial.yaml").plan(results, device="cpu")
    assert (plan.todo, plan.failed) == (1, 1)  # only the cell that failed is tried again
    before = {file: file.stat().st_mtime_ns for file in results.glob("images/*/*")}
    options = ["--no-notebook", "--device", "cpu", "--results", str(results)]
    assert exit_code("sweep", str(BEFORE / "trial.yaml"), *options) == SOME_FAILED
    assert "7 already there" in capsys.readouterr().out
    assert {file: file.stat().st_mtime_ns for file in results.glob("images/*/*")} == before
    assert "heart" in (results / "trial/report.html").read_text("utf-8")
    finished = [row for row in TABLES["tables"]["trial"] if row["status"] == "ok"]
    table = dwlab.Results(results).table("trial")
    assert table[table["status"] == "ok"]["created"].tolist() == [
        row["created"] for row in finished
    ]


def test_the_notebooks_views_open_an_old_results_folder(results):
    from dwlab.notebook.sweep import open_sweep

    sweep = open_sweep("trial", results=str(results), compute=False)
    assert len(sweep.table) == 8
    assert all(
        callable(getattr(sweep, name)) for name in ("run", "grid", "plots", "pictures", "files")
    )
    bench = dwlab.explore("shapes", results=str(results), device="cpu")
    assert len(bench.history) == 3
    assert bench.params.model == "shapes"


# ---- the command line, and imports


def flags(text: str) -> set[str]:
    """The flags that a help text lists."""
    options = re.findall(r"^  (-.+?)(?:  .*)?$", text, re.MULTILINE)
    return {flag for option in options for flag in re.findall(r"(?<![\w-])--?[a-z][\w-]*", option)}


@pytest.mark.parametrize("file", HELP, ids=lambda file: file.stem)
def test_a_command_still_takes_its_flags(file, capsys):
    text = file.read_text("utf-8")
    # `dwlab models` got commands of its own
    is_group = "COMMAND [ARGS]" in text or file.stem == "dwlab-models"
    old_flags = sorted(flags(text) - {"--help", "--version"})
    words = old_flags if is_group else [word for flag in old_flags for word in (flag, "x")]
    _dwlab, *path = file.stem.split("-")
    assert exit_code(*path, *words, "--help") == 0, capsys.readouterr().err


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.stem)
def test_a_module_that_is_a_command_still_takes_its_flags(file, monkeypatch, capsys):
    module = file.stem.removeprefix("python-m-")
    monkeypatch.setattr(sys, "argv", [module, "--help"])
    monkeypatch.delitem(
        sys.modules, module, raising=False
    )  # as `python -m` finds it: not imported yet
    with pytest.raises(SystemExit):
        runpy.run_module(module, run_name="__main__")
    assert flags(file.read_text("utf-8")) <= flags(capsys.readouterr().out)


@pytest.mark.parametrize("name", IMPORTS)
def test_what_the_documentation_imports_is_there(name):
    if name == "dwlab:Picture.key":  # a field, which instances have
        assert "key" in {field.name for field in dataclasses.fields(dwlab.Picture)}
        return
    assert callable(pkgutil.resolve_name(name)) or name == "dwlab:__version__"


def test_every_public_name_is_among_the_imports():
    assert {f"dwlab:{name}" for name in dwlab.__all__} <= set(IMPORTS)
