"""The first rows of a large table, and what they say about all of it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.runs.results import Results
from dwlab.spec.params import GenerationParams
from dwlab.store.cells import CellRow, write_row
from dwlab.store.experiments import Member
from dwlab.store.metric_values import write_metrics
from dwlab.store.store import Store
from dwlab.views.export import export

CELLS = 1_200
PROMPTS = ("a red circle", "a star")  # the second has the last 200 cells
DOCUMENT = {"name": "large", "metric": "sharpness"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """1,200 rows: the prompt varies only past the first 1,000, and only the last cell failed."""
    folder = tmp_path_factory.mktemp("first-rows")
    members = []
    with Store(folder) as store:
        store.experiments.enter("large", DOCUMENT)
        with store.file.transaction() as sql:
            for position in range(CELLS):
                prompt = PROMPTS[position >= 1_000]
                key = f"{position:064}"
                has_failed = position == CELLS - 1
                row = CellRow(
                    key=key,
                    params=GenerationParams(prompt=prompt, seed=position).canonical(),
                    weights="w",
                    dtype="float32",
                    device="cpu",
                    status="failed" if has_failed else "ok",
                    error="no room" if has_failed else None,
                    image=None if has_failed else f"images/{position}.png",
                    seconds=0.25,
                )
                write_row(sql, row, "large")
                write_metrics(sql, key, {"sharpness": (1, position / 10)})
                axes = json.dumps({"prompt": prompt, "seed": position})
                members.append(Member(position, key, axes))
        store.experiments.set_members("large", DOCUMENT, members)
    return folder


def test_the_first_rows_are_those_of_the_whole_table(root):
    whole = Results(root).table("large")
    rows = Results(root).first_rows("large", 100)
    assert rows.to_csv() == whole.head(100).to_csv()
    assert rows.attrs["metric"] == "sharpness"


def test_the_first_rows_say_how_many_there_are_what_failed_and_what_varies(root):
    whole = Results(root).first_rows("large", 100).attrs["whole"]
    assert (whole.rows, whole.failed, whole.varying) == (CELLS, 1, ("prompt", "seed"))


def test_the_text_of_a_large_table_is_the_same_whether_all_its_rows_are_read_or_the_first(root):
    printed = CliRunner().invoke(app, ["table", "large", "--results", str(root)]).stdout
    assert printed == export(Results(root).table("large"), "text").decode()
    head = printed.splitlines()[0].split()
    assert head[:4] == ["prompt", "seed", "status", "error"]
    assert "200 more rows" in printed


def test_an_experiment_that_never_ran_has_no_first_rows(root, tmp_path):
    for folder in (root, tmp_path):
        with pytest.raises(InvalidInput, match="one that ran in"):
            Results(folder).first_rows("other", 10)
