"""The teaching notebooks: they run from top to bottom, what they say is true, and the start page links to all of them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import nbformat
import papermill
import pytest
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
ELSEWHERE = {
    "benchmark",
    "sweep",
}  # tests/bench/test_doors.py and tests/notebook/test_sweep.py run them, in many ways
LONG = {
    "guidance-and-steps",
    "read-a-sweep",
    "bring-your-own",
    "your-own-method",
}  # each makes many pictures
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
SHORT = [name for name in NAMES if name not in ELSEWHERE | LONG]
OUTPUT_LIMIT = 400_000  # bytes of one cell's output
DRAWN = {"image/png", "image/jpeg"}


def read(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", 4)


def sources(name, kind):
    return [cell.source for cell in read(name).cells if cell.cell_type == kind]


def tagged(name):
    return [cell for cell in read(name).cells if "parameters" in cell.metadata.get("tags", ())]


def links(name):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", "\n".join(sources(name, "markdown")), flags=re.DOTALL)
    targets = re.findall(r"]\(<?([^)\s>]+)", text) + re.findall(r"(?:src|href)=\"([^\"]+)\"", text)
    return [target.split("#")[0] for target in targets]


def execute(name, folder):
    """The notebook as papermill leaves it, its results in `folder`."""
    output, results = folder / f"{name}.ipynb", str(folder / "results")
    parameters = {"results": results} if "results" in tagged(name)[0].source else {}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MPLBACKEND", raising=False)  # the kernel's own shows figures
        patch.setenv("DWLAB_RESULTS", results)  # for a notebook without that parameter
        papermill.execute_notebook(
            FOLDER / f"{name}.ipynb", output, parameters, progress_bar=False, cwd=FOLDER
        )
    return nbformat.read(output, 4)


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def stream_text(notebook):
    return "".join(
        output["text"] for output in outputs(notebook) if output["output_type"] == "stream"
    )


def output_kinds(notebook):
    return {kind for output in outputs(notebook) for kind in output.get("data", ())}


def check_outputs(notebook):
    nbformat.validate(notebook)
    assert [
        output for output in outputs(notebook) if output.get("name") == "stderr"
    ] == []  # red boxes
    assert max(len(str(output)) for output in outputs(notebook)) <= OUTPUT_LIMIT


# ---- every notebook


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_has_one_cell_of_parameters_and_begins_with_a_title(name):
    assert len(tagged(name)) == 1
    assert read(name).cells[0].source.startswith("# ")


@pytest.mark.parametrize("name", NAMES)
def test_its_links_lead_to_files_that_exist(name):
    assert [link for link in links(name) if not (FOLDER / link).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_has_no_magics_and_does_not_use_the_network(name):
    code = "\n".join(sources(name, "code"))
    assert not re.search(r"^\s*[%!]", code, re.MULTILINE)
    assert not re.search(r"https?://|hf_hub|requests|urllib", code)


@pytest.mark.parametrize("name", SHORT)
def test_a_short_one_runs_from_top_to_bottom(name, tmp_path):
    notebook = execute(name, tmp_path)
    check_outputs(notebook)
    assert output_kinds(notebook) - {"text/plain"}  # something to see


# ---- the start page


def test_the_start_page_leads_to_every_notebook():
    assert {link for link in links("start") if link.endswith(".ipynb")} == {
        f"{n}.ipynb" for n in NAMES if n != "start"
    }


def test_make_lab_opens_the_start_page():
    (page,) = re.findall(r"--LabApp\.default_url=/lab/tree/(\S+)", (ROOT / "Makefile").read_text())
    assert (ROOT / page).samefile(FOLDER / "start.ipynb")


# ---- the lessons


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_that_a_notebook_names_can_be_planned(name, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    fenced = re.findall(r"```sh\n(.*?)```", "\n".join(sources(name, "markdown")), re.DOTALL)
    commands = [shlex.split(line, comments=True) for block in fenced for line in block.splitlines()]
    sweeps = [words[1:] for words in commands if words[:2] == ["dwlab", "sweep"]]
    assert name != "read-a-sweep" or sweeps
    for words in sweeps:
        result = CliRunner().invoke(app, [*words, "--dry-run", "--results", str(tmp_path)])
        assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """guidance-and-steps, run in a fresh results folder: the folder above it, and the notebook."""
    folder = tmp_path_factory.mktemp("lesson")
    return folder, execute("guidance-and-steps", folder)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_guidance_and_steps_makes_the_pictures_that_it_announces(lesson):
    folder, notebook = lesson
    check_outputs(notebook)
    assert sum(bool(DRAWN & output.get("data", {}).keys()) for output in outputs(notebook)) == 8
    (announced,) = re.findall(r"makes up to (\d+) pictures", notebook.cells[0].source)
    table = dwlab.Results(folder / "results").table()
    assert set(table["status"]) == {"ok"}
    assert (
        int(announced) - 8 <= len(table) <= int(announced)
    )  # a star without a colour has no negative prompt


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_guidance_and_steps_teaches_is_true(lesson):
    folder, notebook = lesson
    results = dwlab.Results(folder / "results")
    by_steps = results.table("lesson-steps").groupby("steps")["adherence"].mean()
    by_guidance = results.table("lesson-guidance").groupby("guidance")["adherence"].mean()
    assert by_steps[2] < by_steps[20]
    assert by_guidance[1] < by_guidance[3]
    ((changed, total),) = re.findall(r"the colour changed in (\d+) of (\d+)", stream_text(notebook))
    assert int(changed) > int(total) / 2
    assert "negative_prompt has no effect" in str(outputs(notebook)[-1])


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_guidance_and_steps_makes_nothing_the_second_time(lesson):
    made = re.findall(
        r"(\d+) pictures made now, (\d+) already there",
        stream_text(execute("guidance-and-steps", lesson[0])),
    )
    assert len(made) == 5
    assert {new for new, _ in made} == {"0"}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_read_a_sweep_says_which_setting_is_shown_to_be_good_enough(tmp_path):
    notebook = execute("read-a-sweep", tmp_path)
    check_outputs(notebook)
    (announced,) = re.findall(r"makes (\d+) pictures", notebook.cells[0].source)
    table = dwlab.Results(tmp_path / "results").table()
    assert len(table) == int(announced) and set(table["status"]) == {"ok"}
    text = stream_text(notebook)
    assert len(re.findall(r"within 0\.030 of the best adherence", text)) == 2
    assert "24 pairs of 6 prompts and 4 seeds" in text
    assert "negative_prompt has no effect" in str(outputs(notebook))
    assert (tmp_path / "results/lesson-reading/ranking.csv").is_file()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_bring_your_own_shows_what_each_thing_that_was_brought_does(tmp_path):
    notebook = execute("bring-your-own", tmp_path)
    check_outputs(notebook)
    text = stream_text(notebook)
    assert "from the file and from the folder: identical" in text
    results = dwlab.Results(tmp_path / "results")
    moons = results.table("lesson-moon")
    taught = moons["loras"].map(lambda stack: json.loads(stack)[0]["weight"]) > 0
    assert not (moons[~taught]["found_shape"] == "moon").any()
    assert (moons[taught]["found_shape"] == "moon").mean() > 0.7
    seen = results.table("lesson-strength").groupby("strength")["adherence"].mean()
    assert seen[0.2] < seen[0.6] < seen[1.0]
    masked = results.table("lesson-mask")
    assert (masked["found_shape"] == "circle").all()
    assert (masked["found_background"] == "blue").all()
    assert re.search(r"made again: (identical|0\.\d+ of 255 on average, 1 at most)", text)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_your_own_method_compares_two_methods_with_the_stock_call(tmp_path):
    notebook = execute("your-own-method", tmp_path)
    check_outputs(notebook)
    text = stream_text(notebook)
    assert "method guidance_interval" in text and "method rescaled" in text
    assert text.count("12 pairs") == 2
    results = dwlab.Results(tmp_path / "results")
    table = results.table("own-method")
    assert set(table["method"]) == {"stock", "guidance_interval", "rescaled"}
    assert (table["status"] == "ok").all()
    along = results.table("own-method-rescale")
    assert along["method_parameters"].nunique() == 3
    assert along["pixels"].nunique() == 9
