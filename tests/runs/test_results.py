"""The table of a results folder: what it holds, and how a notebook shows it."""

from __future__ import annotations

import sys
from typing import Any

from PIL import Image
from report_pages import words
from sweep_tables import HOSTILE, sweep_table

from dwlab.runs.results import Results
from dwlab.runs.table import Table, open_picture
from dwlab.spec.params import GenerationParams
from dwlab.store.cells import CellRow
from dwlab.store.experiments import Member
from dwlab.store.store import Store


def test_a_notebook_shows_what_columns_a_table_still_has(tmp_path):
    table = Table(sweep_table(tmp_path, (HOSTILE[0], "a star"), failed=(3,)))
    table.attrs = {"results": str(tmp_path), "axes": {}}
    whole = table._repr_html_()
    assert whole.count("<img src=") == 15 and "oom: RuntimeError: no room for" in words(whole)
    assert HOSTILE[0] not in whole and HOSTILE[0] in words(whole)
    few = table[["image", "seed"]]._repr_html_()
    assert few.count("<img src=") == 15 and "seed 1" in words(few) and "no picture" in words(few)
    assert "no picture" not in table.drop(columns="image")._repr_html_()
    assert "<td>1</td>" in table[["seed"]]._repr_html_()
    for left_out in ("status", "prompt", "error"):
        assert table.drop(columns=left_out)._repr_html_().count("<img src=") == 15
    assert "steps" in table.iloc[:0]._repr_html_()
    (tmp_path / table["image"][0]).write_bytes(b"")
    assert "missing or damaged" in table._repr_html_()


def test_a_table_is_read_in_one_opening_of_the_store(tmp_path):
    with Store(tmp_path) as store:
        store.experiments.enter("trial", {"name": "trial"})
        store.experiments.set_members("trial", {"name": "trial"}, [Member(0, "k", '{"seed": 1}')])
        store.add(
            CellRow("k", '{"prompt": "x", "seed": 1}', "w", "float32", "cpu", "failed"),
            experiment="trial",
        )
    opened: list[str] = []
    sys.addaudithook(lambda event, _: opened.append(event) if event == "sqlite3.connect" else None)

    def openings(read: Any) -> int:
        opened.clear()
        read()
        return len(opened)

    results = Results(tmp_path)
    once = openings(results.experiments)
    assert once == openings(lambda: results.table("trial")) == openings(results.table) > 0
    assert (
        once == openings(lambda: results.find("trial")) == openings(lambda: results.find("nosuch"))
    )
    assert results.find("nosuch") is None and results.table("trial")["seed"].tolist() == [1]


def test_stars_are_a_column_of_the_table_once_a_picture_has_some(tmp_path):
    with Store(tmp_path) as store:
        for key in ("a", "b"):
            params = GenerationParams(prompt=f"a {key}")
            image = store.save_picture(key.encode())
            store.add(
                CellRow(key * 64, params.canonical(), "w", "float32", "cpu", "ok", image=image),
                experiment="x",
            )
        store.flush()
        store.experiments.enter("x", {"name": "x", "metric": "sharpness"}, 0)
        store.history.append("x", ["a" * 64, "b" * 64])
    assert "stars" not in Results(tmp_path).table("x")
    with Store(tmp_path) as store:
        store.history.set_mark("a" * 64, "stars", 4)
        store.history.set_mark("b" * 64, "stars", 0)  # taken back
    table = Results(tmp_path).table("x")
    assert table["stars"].iloc[0] == 4 and table["stars"].isna().iloc[1]
    assert table.attrs["metric"] == "sharpness" and Results(tmp_path).table()["stars"].sum() == 4


def test_pictures_outside_the_results_folder_are_not_opened(tmp_path):
    root = tmp_path / "results"
    table = sweep_table(root)
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    assert open_picture(table, table["image"][0]) is not None
    for path in (
        "../secret.png",
        str(tmp_path / "secret.png"),
        "images",
        "missing.png",
        "a\0b",
        None,
    ):
        assert open_picture(table, path) is None


def test_a_table_shows_the_parameters_of_methods_under_its_pictures(tmp_path):
    image = tmp_path / "picture.png"
    Image.new("RGB", (8, 8)).save(image)
    table = Table(
        {
            "prompt": ["a star"],
            "image": [image.name],
            "method": ["own"],
            "method_parameters": ['{"low": 0.25}'],
        }
    )
    table.attrs |= {"results": str(tmp_path), "axes": {"method.low": [0.25]}}
    assert "method.low 0.25" in table._repr_html_()
