"""Tables, grids, plots, reports, findings and progress, over tables of drawn (not diffused) pictures."""

from __future__ import annotations

import ast
import hashlib
import io
import itertools
import json
import re
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dwlab._util import yamlfile
from dwlab.analysis.findings import axis_effects, ranked_settings, swept
from dwlab.analysis.identical import identical_along
from dwlab.analysis.quality import quality_of
from dwlab.errors import InvalidInput
from dwlab.events import Event
from dwlab.runs.eta import Pace
from dwlab.runs.results import Results, Table, open_picture
from dwlab.runs.run import Outcome
from dwlab.shapes.world import COLOURS, SHAPES, Scene, draw
from dwlab.spec.params import GenerationParams
from dwlab.spec.sweep import SweepSpec
from dwlab.store.images import save_picture
from dwlab.store.store import CellRow, Store
from dwlab.views import fonts
from dwlab.views.grids import FAILED_PAPER, Label, Sheet, grid, lay_out, save_grid
from dwlab.views.plots import interval, metric_plot, seconds_plot
from dwlab.views.progress import Progress
from dwlab.views.report import recipe, save_report
from dwlab.views.text_fit import fit, text_width

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    '"><svg onload=alert(4)>',
    "' onmouseover='alert(5)",
    "<a href=javascript:alert(6)>x</a>",
    "<iframe src=//example.com></iframe>",
    "</style><style>body{display:none}</style>",
    "</title><h1>7</h1>",
    "<!-- a comment that never ends",
    "{{ 7 * 7 }} {% raw %}",
    "${alert(8)} $\\frac{1}{0$ $x_1$",
    "=cmd|'/c calc'!A0",
    "<details open ontoggle=alert(9)>",
    "\u202eright to left\u202c \u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627",
    "line one\nline two\r\n\tline three",
    "bell \x07 escape \x1b[31m and &lt;b&gt; &#60;i&#62;",
    "a word" + "W" * 3_000,
    "long " * 4_000,
    "_\u4e2d\u6587 \U0001f600 e" + "\u0301" * 200,
)


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def sweep_table(
    root: Path,
    prompts: tuple[str, ...] = ("a red circle", "a star"),
    *,
    steps: tuple[int, ...] = (4, 8),
    guidance: tuple[float, ...] = (1.0, 4.0),
    seeds: tuple[int, ...] = (0, 1),
    failed: tuple[int, ...] = (),
    ignores: str = "",
) -> pd.DataFrame:
    """A table as a sweep leaves it, its pictures in `root`; the axis named `ignores` changes no pixel."""
    rows: list[dict[str, Any]] = []
    for n, (prompt, step, scale, seed) in enumerate(
        itertools.product(prompts, steps, guidance, seeds)
    ):
        told = {"prompt": prompt, "steps": step, "guidance": scale, "seed": seed}
        number = hashlib.sha256(
            repr([v for k, v in told.items() if k != ignores]).encode()
        ).digest()
        colour, background = list(COLOURS)[number[0] % 4], list(COLOURS)[4 + number[1] % 4]
        scene = Scene("large", colour, SHAPES[number[2] % len(SHAPES)], "center", background)
        picture = draw(scene, np.random.default_rng(list(number)), side=64)
        pixels = hashlib.sha256(picture.tobytes()).hexdigest()
        path = root / save_picture(root, png(picture))
        good = n not in failed
        rows.append(
            {
                "key": f"{n:064x}", "experiment": "views", "model": "shapes", "prompt": prompt, "negative_prompt": "",
                "seed": seed, "steps": step, "guidance": scale, "scheduler": "DDIMScheduler", "width": 64, "height": 64,
                "dtype": "float32", "device": "cpu", "seconds": 0.1 * step, "device_seconds": 0.05 * step,
                "status": "ok" if good else "oom", "error": None if good else f"RuntimeError: no room for {prompt}",
                "image": path.relative_to(root).as_posix() if good else None, "created": "2026-01-02T03:04:05Z",
                "versions": json.dumps({"torch": "2.0"}), "scheduler_options": "{}", "call": "{}", "blank": 0,
                "adherence": min(1.0, 0.1 * scale + 0.01 * step) if good else None,
                "pixels": pixels if good else None,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    axes = {"prompt": prompts, "steps": steps, "guidance": guidance, "seed": seeds}
    table.attrs.update(axes={k: list(v) for k, v in axes.items() if len(v) > 1}, results=str(root))
    return table


class Page(HTMLParser):
    """Every tag with its attributes, the text, and whether tags close in the order they opened."""

    VOID = frozenset({"meta", "img", "br", "source", "link", "input", "hr"})

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def attributes(self, *names: str) -> list[str]:
        return [
            value or "" for _, found in self.tags for name, value in found.items() if name in names
        ]


def report(table: pd.DataFrame, path: Path, **told: Any) -> str:
    save_report(table, path / "report.html", title="views", **told)
    return (path / "report.html").read_text("utf-8")


def words(text: str) -> str:
    """What a page says, on one line."""
    return " ".join(" ".join(Page(text).text).split())


def assert_labels_fit(sheet: Sheet) -> None:
    for label in sheet.labels:
        assert label.x >= 0 and label.x + label.width <= sheet.width
        assert label.y >= 0 and label.y + label.height <= sheet.height
        face = fonts.sized(fonts.dejavu(label.bold), label.size)
        assert all(text_width(line, label.size, label.bold) <= label.width for line in label.lines)
        assert len(label.lines) * (face.getbbox("Ág")[3] - face.getbbox("Ág")[1]) <= label.height
        assert not any(_overlap(label, tile, sheet.side) for tile in sheet.tiles)
    for one, other in itertools.combinations(sheet.labels, 2):
        assert (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        ), (one, other)


def _overlap(label: Label, tile: tuple[int, int, int | None], side: int) -> bool:
    x, y, _ = tile
    beside = label.x + label.width <= x or x + side <= label.x
    return not (beside or label.y + label.height <= y or y + side <= label.y)


# ---- tables in a notebook


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
        store.enter("trial", {"name": "trial"}, 0)
        store.set_membership("trial", {"name": "trial"}, [(0, "k", '{"seed": 1}')])
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


# ---- grids


def test_every_picture_of_a_sweep_has_its_own_tile_on_the_grid(tmp_path):
    table = sweep_table(tmp_path)
    sheet = lay_out(table)
    assert sorted(row for _, _, row in sheet.tiles) == list(range(16))
    picture = grid(table)
    assert picture.size == (sheet.width, sheet.height)
    for x, y, row in sheet.tiles:
        corner = Image.open(tmp_path / table["image"][row]).getpixel((1, 1))
        assert picture.getpixel((x + 3, y + 3)) == pytest.approx(corner, abs=2)


def test_rows_and_columns_can_be_chosen(tmp_path):
    table = sweep_table(tmp_path, ("a star",), seeds=(0, 1, 2))
    sheet = lay_out(table, rows="seed", columns=["guidance", "steps"])
    tiles = {row: (x, y) for x, y, row in sheet.tiles}
    for row, (x, y) in tiles.items():
        assert sorted(r for r, place in tiles.items() if place[1] == y) == list(
            table.index[table["seed"] == table["seed"][row]]
        )
        same = (table["steps"] == table["steps"][row]) & (
            table["guidance"] == table["guidance"][row]
        )
        assert sorted(r for r, place in tiles.items() if place[0] == x) == list(table.index[same])
    with pytest.raises(InvalidInput, match="steps, guidance, seed"):
        grid(table, rows="lora")


@pytest.mark.parametrize("side", [32, 128])
def test_no_label_is_clipped_or_covered_whatever_the_prompt(tmp_path, side):
    table = sweep_table(tmp_path, HOSTILE, steps=(4,), guidance=(1.0, 4.0))
    for columns in (None, "prompt"):
        assert_labels_fit(lay_out(table, columns=columns, side=side))
    assert_labels_fit(
        lay_out(sweep_table(tmp_path, HOSTILE, steps=(4,), guidance=(1.0,), seeds=(0,)), side=side)
    )


def test_text_is_wrapped_and_a_cut_shows_an_ellipsis():
    lines = fit("several words that need more than one line of this width", 100, 2, 13)
    assert len(lines) == 2 and lines[-1].endswith("…")
    assert all(text_width(line, 13, False) <= 100 for line in lines)
    assert fit("short", 100, 2, 13) == ("short",)
    assert "".join(fit("W" * 40, 100, 10, 13)) == "W" * 40


def test_a_failed_cell_is_a_marked_tile(tmp_path):
    table = sweep_table(tmp_path, failed=(3,))
    x, y, _ = next(tile for tile in lay_out(table).tiles if tile[2] == 3)
    tile = grid(table).crop((x, y, x + 128, y + 128))
    colours = {colour: count for count, colour in tile.getcolors(128 * 128)}
    assert colours[tuple(bytes.fromhex(FAILED_PAPER[1:]))] > 128 * 128 / 2
    assert len(colours) > 10  # words are written on it


def test_a_large_sweep_is_cut_to_the_limit_and_the_sheet_says_so(tmp_path):
    table = sweep_table(
        tmp_path, ("a", "b", "c"), steps=(2, 4, 8), guidance=(1.0, 2.0, 3.0), seeds=(0, 1, 2)
    )
    sheet = lay_out(table, max_cells=30)
    assert 18 <= len(sheet.tiles) <= 30
    said = " ".join(line for label in sheet.labels for line in label.lines)
    assert f"{len(sheet.tiles)} of 81 cells" in said and "the first" in said


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


def test_empty_and_single_tables_have_a_grid_a_plot_and_a_report(tmp_path):
    single = sweep_table(tmp_path, ("a star",), steps=(4,), guidance=(1.0,), seeds=(0,))
    for table in (single, single.iloc[:0], pd.DataFrame()):
        assert grid(table).width >= 420
        assert Page(report(table, tmp_path)).open == []
    metric_plot(single).savefig(io.BytesIO())
    assert "No pictures yet" in report(pd.DataFrame(), tmp_path)


def test_a_grid_is_saved_as_a_png(tmp_path):
    save_grid(sweep_table(tmp_path), tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.format == "PNG" and picture.width > 420


# ---- the report


def test_hostile_text_stays_text_in_the_report(tmp_path):
    table = sweep_table(tmp_path, HOSTILE, failed=(0, 16, 160), guidance=(1.0,))
    table["experiment"] = HOSTILE[0]
    plain = Page(
        report(
            sweep_table(tmp_path),
            tmp_path,
            spec=SweepSpec("x", base={"prompt": "x"}),
            warnings=["x"],
        )
    )
    text = report(
        table,
        tmp_path,
        outcome=Outcome("views", tmp_path, 80, notes=(HOSTILE[2],)),
        spec=SweepSpec(
            "views", base={"negative_prompt": HOSTILE[3]}, axes={"prompt": list(HOSTILE)}
        ),
        warnings=list(HOSTILE),
    )
    page = Page(text)
    assert page.open == []
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags} | {
        "table",
        "div",
        "details",
    }
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]
    for payload in HOSTILE:
        if any(c in payload for c in "<>\"'"):
            assert payload not in text
    said = "".join(page.text)
    for payload in HOSTILE[:11]:
        assert payload in said
    assert "\x1b" not in text and "\x07" not in text


def test_the_report_asks_the_network_for_nothing_and_runs_nothing(tmp_path):
    text = report(
        sweep_table(tmp_path, failed=(1,)),
        tmp_path,
        seconds=3.5,
        spec=SweepSpec("x", base={"prompt": "x"}),
    )
    page = Page(text)
    assert not re.search(r"(src|href|srcset|action)\s*=\s*[\"']?\s*(https?:)?//", text)
    assert "@import" not in text and not re.search(r"url\(", text)
    assert page.attributes("src", "srcset") and all(
        v.startswith("data:image/") for v in page.attributes("src", "srcset")
    )
    assert not {"script", "iframe", "object", "embed", "link", "base", "form"} & {
        tag for tag, _ in page.tags
    }
    policy = next(
        found["content"]
        for tag, found in page.tags
        if found.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_the_report_answers_what_was_best_what_failed_and_how_to_repeat_it(tmp_path):
    table = sweep_table(tmp_path, failed=(5,), ignores="seed")
    said = words(report(table, tmp_path, spec=SweepSpec("views", base={"prompt": "a star"})))
    assert (
        "Best by adherence steps 8, guidance 4" in said
        and "Worst by adherence steps 4, guidance 1" in said
    )
    assert "seed changed nothing: 0 and 1 gave identical pictures" in said
    assert "RuntimeError: no room for a red circle" in said and "out of memory" in said
    assert (
        "dwlab sweep views.yaml" in said
        and "15 pictures of 16 cells" in said
        and "1 failed" in said
    )
    assert table["key"][0] in said


def test_the_report_says_how_the_run_ended_that_it_is_about(tmp_path):
    table = sweep_table(tmp_path, failed=(5,))
    outcome = Outcome(
        "views", tmp_path, total=20, reused=4, made=11, failed=1, notes=("the store was mended",)
    )
    said = words(
        report(table, tmp_path, outcome=outcome, seconds=75.4, warnings=["seed cannot matter"])
    )
    assert (
        "15 pictures of 20 cells 4 reused made by an earlier run 1 failed see the errors below"
        in said
    )
    assert "4 not reached the run was stopped" in said and "1 min 15 s this run" in said
    assert "seed cannot matter" in said and "the store was mended" in said
    whole = words(
        report(
            sweep_table(tmp_path), tmp_path, outcome=Outcome("views", tmp_path, total=16, made=16)
        )
    )
    assert "16 pictures of 16 cells 0 failed no errors" in whole
    assert "reused" not in whole and "not reached" not in whole and "this run" not in whole


def test_the_experiment_in_a_report_is_a_file_that_makes_the_same_sweep(tmp_path):
    spec = SweepSpec(
        "views",
        base={"negative_prompt": "\u202ea {word}\n: no #", "call": {"eta": 0.5}, "guidance": 1e-05},
        axes={
            "prompt": [p for p in HOSTILE if "\x1b" not in p],
            "word": ["007", "yes", "1e3", "_1e3", "-.5e3", "null", "2024-01-01", "é"],
            "seed": range(4),
            "steps": [4, 8],
            "scheduler": ["DDIM", "Euler a"],
        },
        zip=[["steps", "scheduler"]],
        skip=[{"word": "yes", "steps": {"above": 5}}],
        metrics=["brightness"],
    )
    text = report(sweep_table(tmp_path), tmp_path, spec=spec)
    shown = Experiment(text).content
    assert shown == yamlfile.dump(spec.as_dict()) and "\u202e" not in shown
    (tmp_path / "views.yaml").write_text(shown, "utf-8")
    again = SweepSpec.from_yaml(tmp_path / "views.yaml")
    assert again.as_dict() == spec.as_dict()
    assert again.cells() == spec.cells()
    plain = SweepSpec(
        "views", base={"prompt": "ein schöner Stern 星"}, axes={"seed": {"random": 2}}
    )
    assert "ein schöner Stern 星" in yamlfile.dump(plain.as_dict())
    assert "in another folder, others are drawn" in words(
        report(sweep_table(tmp_path), tmp_path, spec=plain)
    )


class Experiment(HTMLParser):
    """The text of the last `<pre>` of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.content, self.inside = "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre":
            self.content, self.inside = "", True

    def handle_endtag(self, tag: str) -> None:
        self.inside &= tag != "pre"

    def handle_data(self, data: str) -> None:
        self.content += data if self.inside else ""


def test_the_recipe_in_a_report_is_python_that_names_the_same_cell(tmp_path):
    row = sweep_table(tmp_path, HOSTILE).to_dict("records")[-1] | {
        "scheduler_options": '{"eta": 0.5}'
    }
    prompt, given = _call(recipe(row))
    assert prompt == row["prompt"]
    assert (
        given["scheduler_options"] == {"eta": 0.5}
        and "negative_prompt" not in given
        and "call" not in given
    )
    params = GenerationParams.of(prompt=prompt, **given)
    assert (params.seed, params.steps, params.guidance) == (
        row["seed"],
        row["steps"],
        row["guidance"],
    )
    assert recipe({"prompt": "\u202ea'\n"}).isprintable()


def _call(text: str) -> tuple[str, dict[str, Any]]:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call) and ast.unparse(call.func) == "dwlab.generate"
    return ast.literal_eval(call.args[0]), {
        str(k.arg): ast.literal_eval(k.value) for k in call.keywords
    }


def test_a_report_shows_at_most_500_pictures_and_says_so(tmp_path):
    table = sweep_table(tmp_path, ("a star",), seeds=tuple(range(130)))
    page = Page(report(table, tmp_path))
    assert sum(tag == "figure" for tag, _ in page.tags) == 500
    assert "500 of 520" in "".join(page.text)


# ---- findings


def test_an_axis_that_changes_nothing_is_found(tmp_path):
    assert identical_along(sweep_table(tmp_path)) == []
    (found,) = identical_along(sweep_table(tmp_path, guidance=(1.0, 4.0, 7.0), ignores="guidance"))
    assert found.startswith("guidance changed nothing: 1, 4 and 7") and "8 comparisons" in found


def test_two_values_that_gave_the_same_pictures_are_named_and_the_others_not(tmp_path):
    table = sweep_table(tmp_path, guidance=(1.0, 4.0, 7.0), failed=(4,))
    for _, rows in table.groupby(["prompt", "steps", "seed"]):
        table.loc[rows.index[rows["guidance"] == 7.0], "pixels"] = rows["pixels"][
            rows["guidance"] == 4.0
        ].iloc[0]
    table.loc[4, "pixels"] = None
    (found,) = identical_along(table)
    assert (
        found
        == "guidance 4 and 7 gave identical pictures wherever all else was equal (7 comparisons)"
    )  # one cell failed
    assert identical_along(table.drop(columns="pixels")) == []


def nudged(picture: Image.Image, by: int) -> Image.Image:
    """The picture with one channel of one pixel moved by `by`."""
    pixels = np.asarray(picture).astype(int)
    pixels[5, 7, 1] += by if pixels[5, 7, 1] < 128 else -by
    return Image.fromarray(pixels.astype(np.uint8))


def nudge(table: pd.DataFrame, root: Path, of: str, value: object, source: object, by: int) -> None:
    """Give the rows with `of` = `value` the pictures of those with `source`, each nudged."""
    axes = [name for name in table.attrs["axes"] if name != of]
    for _, rows in table.groupby(axes):
        original = rows[rows[of] == source].iloc[0]
        copy = rows.index[rows[of] == value][0]
        path = root / f"nudged-{copy}-{by}.png"
        nudged(Image.open(root / original["image"]).convert("RGB"), by).save(path)
        table.loc[copy, ["image", "pixels"]] = path.name, f"{copy}-{by}"


def test_values_that_gave_nearly_identical_pictures_are_found(tmp_path):
    table = sweep_table(tmp_path, guidance=(1.0, 4.0, 7.0))
    nudge(table, tmp_path, "guidance", 7.0, 4.0, by=2)
    (finding,) = identical_along(table)
    assert finding.startswith(
        "guidance 4 and 7 gave nearly identical pictures (no pixel differs by more than 2 of 255)"
    )
    assert finding.endswith("wherever all else was equal (8 comparisons)")
    nudge(table, tmp_path, "guidance", 7.0, 4.0, by=3)
    assert identical_along(table) == []


def test_identical_and_nearly_identical_values_are_told_apart(tmp_path):
    table = sweep_table(tmp_path, guidance=(1.0, 4.0, 7.0))
    for _, rows in table.groupby(["prompt", "steps", "seed"]):
        table.loc[rows.index[rows["guidance"] == 4.0], ["image", "pixels"]] = rows.iloc[0][
            ["image", "pixels"]
        ].tolist()
    nudge(table, tmp_path, "guidance", 7.0, 1.0, by=1)
    same, near = identical_along(table)
    assert same.startswith("guidance 1 and 4 gave identical pictures")
    assert near.startswith(
        "guidance changed next to nothing: 1, 4 and 7 gave nearly identical pictures"
    )


def test_values_that_drift_apart_step_by_step_are_not_called_nearly_identical_as_a_whole(tmp_path):
    table = sweep_table(tmp_path, ("a star",), steps=(4,), guidance=(1.0, 4.0, 7.0))
    nudge(table, tmp_path, "guidance", 4.0, 1.0, by=2)
    nudge(table, tmp_path, "guidance", 7.0, 4.0, by=2)
    shown = " ".join(identical_along(table))
    assert "1 and 4" in shown and "7" not in shown.replace("nearly", "")


def test_pictures_of_which_one_is_missing_or_of_another_size_are_not_nearly_identical(tmp_path):
    table = sweep_table(tmp_path, guidance=(1.0, 4.0))
    nudge(table, tmp_path, "guidance", 4.0, 1.0, by=1)
    (tmp_path / table["image"].iloc[2]).unlink()
    assert identical_along(table) == []
    table = sweep_table(tmp_path / "other", guidance=(1.0, 4.0))
    nudge(table, tmp_path / "other", "guidance", 4.0, 1.0, by=1)
    path = tmp_path / "other" / table["image"].iloc[2]
    Image.open(path).resize((32, 32)).save(path)
    assert identical_along(table) == []


def test_of_many_pictures_some_are_compared_and_the_finding_says_how_many(tmp_path):
    table = sweep_table(
        tmp_path, ("a star",), steps=(4,), guidance=(1.0, 4.0), seeds=tuple(range(80))
    )
    nudge(table, tmp_path, "guidance", 4.0, 1.0, by=1)
    (finding,) = identical_along(table)
    assert "(64 of 80 comparisons looked at)" in finding


def test_without_a_measure_of_quality_the_report_calls_nothing_best(tmp_path):
    table = sweep_table(tmp_path).drop(columns=["adherence", "blank"])
    table["brightness"] = np.linspace(0, 1, len(table))
    text = " ".join("".join(Page(report(table, tmp_path)).text).split())
    assert "Best by" not in text and "Worst by" not in text
    assert "so no setting is called best" in text and "metric: sharpness" in text
    assert "Brightness describes the pictures; it does not say which are better." in text


@pytest.mark.parametrize("measure", ["stars", "sharpness"])
def test_stars_or_the_metric_that_the_sweep_names_rank_its_settings(tmp_path, measure):
    table = sweep_table(tmp_path).drop(columns="adherence")
    table["brightness"] = 0.5
    table[measure] = [1.0 + (step == 8) for step in table["steps"]]
    table.attrs["metric"] = None if measure == "stars" else measure
    assert quality_of(table) == measure
    text = " ".join("".join(Page(report(table, tmp_path)).text).split())
    assert re.search(rf"Best by {measure} ?steps 8", text) and re.search(
        rf"Worst by {measure} ?steps 4", text
    )


def test_a_named_metric_that_was_never_measured_ranks_nothing(tmp_path):
    table = sweep_table(tmp_path)
    table.attrs["metric"] = "contrast"
    assert quality_of(table) is None
    table["contrast"] = np.nan
    assert quality_of(table) is None


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
        store.enter("x", {"name": "x", "metric": "sharpness"}, 0)
        store.append("x", ["a" * 64, "b" * 64])
    assert "stars" not in Results(tmp_path).table("x")
    with Store(tmp_path) as store:
        store.set_mark("a" * 64, "stars", 4)
        store.set_mark("b" * 64, "stars", 0)  # taken back
    table = Results(tmp_path).table("x")
    assert table["stars"].iloc[0] == 4 and table["stars"].isna().iloc[1]
    assert table.attrs["metric"] == "sharpness" and Results(tmp_path).table()["stars"].sum() == 4


def test_captions_name_every_swept_axis(tmp_path):
    table = sweep_table(tmp_path, ("a red star", "a blue star"), steps=(4,), failed=(1,))
    table["colour"] = ["red" if "red" in p else "blue" for p in table["prompt"]]
    table["call"] = [json.dumps({"eta": 0.5 * (seed == 1)}) for seed in table["seed"]]
    table["scheduler"] = [
        "DDIMScheduler" if g == 1 else "EulerDiscreteScheduler" for g in table["guidance"]
    ]
    table.attrs["axes"] = {
        "colour": ["red", "blue"],
        "scheduler": ["DDIM", "Euler"],
        "call.eta": [0, 0.5],
    }
    page = Page(report(table, tmp_path))
    text = " ".join("".join(page.text).split()).replace("\u00a0", " ")
    assert "colour red · scheduler DDIM · call.eta 0" in text
    failed = text[text.index("no room for") - 200 : text.index("no room for")]
    assert "colour red · scheduler DDIM · call.eta 0.5" in failed
    shown = Table(table)
    shown.attrs = table.attrs
    assert "call.eta 0.5" in shown._repr_html_() and "colour blue" in shown._repr_html_()


def test_seconds_are_shown_for_settings_and_not_for_prompts_and_seeds(tmp_path):
    page = report(sweep_table(tmp_path), tmp_path)
    sections = {
        name: page.split(f"<h3><bdi>{name}</bdi></h3>")[1].split("</table>")[0]
        for name in ("prompt", "seed", "steps")
    }
    assert {name: "seconds" in section for name, section in sections.items()} == {
        "prompt": False, "seed": False, "steps": True,
    }  # fmt: skip


def test_axis_effects_average_seeds_before_they_spread(tmp_path):
    table = sweep_table(tmp_path, ("a star",), guidance=(1.0,))
    table["adherence"] = [0.0, 1.0, 0.2, 0.8]  # steps 4, 8 by seed 0, 1
    effects = axis_effects(table, "adherence").set_index(["axis", "value"])
    assert effects.loc[("steps", "4"), "mean"] == pytest.approx(0.5)
    assert effects.loc[("steps", "4"), "spread"] == pytest.approx(
        np.std([0.0, 1.0], ddof=1)
    )  # one setting: its seeds
    assert effects.loc[("seed", "1"), "spread"] == pytest.approx(np.std([1.0, 0.8], ddof=1))
    wider = axis_effects(sweep_table(tmp_path), "adherence").set_index(["axis", "value"])
    assert wider.loc[("prompt", "a star"), "spread"] == pytest.approx(
        np.std([0.14, 0.44, 0.18, 0.48], ddof=1)
    )


def test_axes_that_move_together_are_one_and_templates_are_told_apart(tmp_path):
    table = sweep_table(
        tmp_path, ("a red star", "a blue star", "red only", "blue only"), seeds=(0,)
    )
    table = table[(table["steps"] == 4) == (table["guidance"] == 1.0)].copy()
    table["colour"] = ["red" if "red" in p else "blue" for p in table["prompt"]]
    axes = {"prompt": ["a {colour} star", "{colour} only"], "colour": ["red", "blue"]}
    table.attrs["axes"] = axes | {"num_inference_steps": [8, 4], "guidance": [4, 1]}
    found = {axis.name: [axis.label(v) for v in axis.values] for axis in swept(table)}
    assert found == {**axes, "steps + guidance": ["8 · 4", "4 · 1"]}
    assert [s[0] for s in ranked_settings(table, "adherence")] == [
        "steps 8, guidance 4",
        "steps 4, guidance 1",
    ]
    assert_labels_fit(lay_out(table))


def test_schedulers_that_share_a_class_are_told_apart(tmp_path):
    table = sweep_table(tmp_path, ("a star",), steps=(4,))
    table["scheduler"] = "EulerDiscreteScheduler"
    table.loc[[1, 3], "scheduler_options"] = '{"use_karras_sigmas": true}'
    table.attrs["axes"] = {"scheduler": ["euler karras", "Euler"], "guidance": [1.0, 4.0]}
    assert [list(axis.values) for axis in swept(table)] == [["Euler Karras", "Euler"], [1.0, 4.0]]


# ---- plots


def test_plots_are_drawn_for_numbers_words_and_hostile_text(tmp_path):
    table = sweep_table(tmp_path, HOSTILE, steps=(2, 64))
    line = metric_plot(table, hue="guidance")
    assert line.axes[0].get_xlabel() == "steps" and line.axes[0].get_ylabel() == "adherence"
    means = [curve.get_ydata() for curve in line.axes[0].get_lines()]
    assert np.allclose(means, [[0.12, 0.74], [0.42, 1.0]])
    words = metric_plot(table, x="prompt", hue="seed")
    assert len(words.axes[0].get_yticklabels()) == len(HOSTILE)
    assert Image.open(io.BytesIO(line._repr_png_())).size == (
        700,
        360,
    )  # what a notebook shows, without pyplot
    for figure in (line, words, metric_plot(table, hue="prompt", dark=True), seconds_plot(table)):
        figure.savefig(
            io.BytesIO()
        )  # lays text out: formulas and unknown glyphs would raise or warn here
        assert figure.get_size_inches()[0] * figure.dpi == 700


def test_a_plot_of_an_unknown_metric_or_axis_says_what_there_is(tmp_path):
    table = sweep_table(tmp_path)
    with pytest.raises(InvalidInput, match="adherence"):
        metric_plot(table, "beauty")
    with pytest.raises(InvalidInput, match="prompt, steps, guidance, seed"):
        metric_plot(table, x="lora")


def test_the_interval_holds_the_mean_and_narrows_with_more_pictures():
    sample = np.random.default_rng(0).normal(5.0, 1.0, 2000)
    widths = []
    for size in (20, 200, 2000):
        low, high = interval(sample[:size])
        assert low < sample[:size].mean() < high
        widths.append(high - low)
    assert widths[0] > 2 * widths[1] > 4 * widths[2]
    assert interval(sample[:20]) == interval(sample[:20])


# ---- progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def events(count: int, steps: int, *, fail: int = -1) -> list[Event]:
    params = GenerationParams(prompt="a star")
    found = []
    for index in range(count):
        found.append(Event("started", index, params))
        found += [Event("step", index, params, step=s + 1, steps=steps) for s in range(steps)]
        found.append(Event("failed" if index == fail else "done", index, params))
    return found


def test_a_log_gets_few_lines_and_a_last_one():
    log = io.StringIO()
    with Progress(Pace(100), stream=log, every=3600) as progress:
        for event in events(100, 50, fail=7):
            progress.update(event)
    assert log.getvalue().splitlines()[0].startswith("100%: 100/100 pictures, 1 failed, ")
    assert len(log.getvalue().splitlines()) == 1
    assert "\r" not in log.getvalue() and "\x1b" not in log.getvalue()


def test_a_log_line_estimates_the_time_left_and_an_interruption_is_said():
    log = io.StringIO()

    def interrupted():
        with Progress(Pace(4), stream=log, every=0) as progress:
            for event in events(2, 1):
                progress.update(event)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    lines = log.getvalue().splitlines()
    assert lines[-2].startswith("50%: 2/4 pictures, ") and lines[-2].endswith(" left")
    assert lines[-1].endswith("stopped")


def test_steps_count_as_fractions_of_a_picture():
    pace = Pace(4)
    for event in events(2, 10)[:-6]:  # the second picture is half done
        pace.update(event)
    assert pace.share == pytest.approx(1.5 / 4)
    assert pace.finished == 1


def test_a_terminal_gets_one_bar():
    terminal = Terminal()
    with Progress(Pace(3), stream=terminal) as progress:
        for event in events(3, 10, fail=1):
            progress.update(event)
    drawn = terminal.getvalue()
    assert drawn.count("\n") == 1 and "100%" in drawn and "3/3 pictures, 1 failed" in drawn
