"""Labels in grids and charts: every script is drawn in a font that has it, or can be told apart all the same."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from grid_labels import assert_labels_fit
from PIL import Image, ImageDraw
from sweep_tables import sweep_table

from dwlab.analysis.axes import Axis
from dwlab.runs.sweep import Sweep
from dwlab.views import fonts
from dwlab.views.charts import canvas, safe_all
from dwlab.views.grids.drawing import grid
from dwlab.views.grids.layout import lay_out
from dwlab.views.plots import metric_plot
from dwlab.views.text_fit import draw, fit_all, printable, text_width

CASE = Path(__file__).parents[1] / "cases" / "yaml" / "labels.yaml"
WORDS = list(Sweep.from_yaml(CASE).axes["w"])
# more values that would look alike, or be boxes
ALIKE = {
    "two of Chinese": ["星", "月"],
    "two of Japanese": ["ほし", "つき"],
    "two of Korean": ["별", "달"],
    "two of Hindi that differ in a mark": ["हिन्दी", "हिनदी"],
    "two of Thai": ["ดาว", "เดือน"],
    "two emoji": ["🦄", "🌟"],
    "skins of one emoji": ["👩🏻", "👩🏿"],
    "private signs": ["\ue000", "\ue001"],
    "hidden characters": ["\u200b=zw", "=zw"],
    "blanks": ["a b", "a  b"],
    "long words with one beginning": ["star " * 60 + "red", "star " * 60 + "blue"],
    "long words without blanks": ["星" * 300 + "月", "星" * 300 + "日"],
    "cuneiform": ["𒀀", "𒀁"],
}  # fmt: skip


def tiny_font(path: Path, characters: str, family: str) -> Path:
    """A font that has these characters, each a filled square."""
    pen = TTGlyphPen(None)
    for k, corner in enumerate([(100, 0), (900, 0), (900, 800), (100, 800)]):
        (pen.lineTo if k else pen.moveTo)(corner)
    pen.closePath()
    square = pen.glyph()
    names = {ord(character): f"g{ord(character):x}" for character in characters}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    builder.setupGlyf(dict.fromkeys([".notdef", *names.values()], square))
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (1000, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


def forget():
    for cached in (fonts.of_this_machine, fonts._of_this_machine):
        cached.cache_clear()


@pytest.fixture
def machine(monkeypatch):
    """Installs these fonts, and no others, on this machine."""

    def install(*paths):
        forget()
        monkeypatch.setattr(
            "matplotlib.font_manager.findSystemFonts",
            lambda *_args, **_kwargs: [str(p) for p in paths],
        )

    install()
    yield install
    forget()


def test_without_a_font_a_character_is_its_code(machine):
    assert printable("a 星の star") == "a U+661F U+306E star"
    assert printable("étoile ★") == "étoile ★"
    assert printable("हि") == "U+0939 U+093F"


def test_a_font_of_the_machine_is_used_for_what_it_has(machine, tmp_path):
    machine(tiny_font(tmp_path / "a.ttf", "星の", "Tiny Star"))
    assert printable("a 星の月 star") == "a 星の U+6708 star"
    assert text_width("星の", 10, False) == pytest.approx(20, abs=1)


def test_files_that_are_no_fonts_are_left_out(machine, tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    machine(
        tmp_path / "broken.ttf", tmp_path / "gone.otf", tiny_font(tmp_path / "c.ttf", "星", "Tiny")
    )
    assert printable("星") == "星"


def test_parts_of_a_line_are_drawn_in_their_fonts(machine, tmp_path):
    machine(tiny_font(tmp_path / "a.ttf", "星", "Tiny Star"))
    picture = Image.new("L", (60, 30), 255)
    draw(ImageDraw.Draw(picture), (2, 2), "a星", 0, 20, False)
    x = 2 + text_width("a", 20, False)
    square = picture.crop((round(x) + 4, 10, round(x) + 16, 18))
    assert max(square.tobytes()) == 0, "the glyph of the tiny font is a black square"


@pytest.mark.parametrize("case", ALIKE)
def test_labels_that_would_look_alike_are_told_apart(machine, case):
    shown = fit_all(ALIKE[case], 120, 3, 13)
    assert len(set(shown)) == 2 and all(any(lines) for lines in shown)
    assert all(text_width(line, 13, False) <= 120 for lines in shown for line in lines)
    assert len(set(safe_all(ALIKE[case]))) == 2


@pytest.mark.parametrize(
    "values", [["", "none"], [0.1234567, 0.1234568], [2, "2"], [("a · b", "c"), ("a", "b · c")]]
)
def test_two_values_of_an_axis_never_read_alike(values):
    axis = Axis(("w",), values, pd.Series(range(len(values))))
    assert len({axis.label(value) for value in values}) == 2
    assert Axis(("w",), ["", 0.5], pd.Series([0, 1])).label("") == "none"


def test_the_same_value_keeps_its_label_wherever_it_stands(machine):
    assert fit_all(["x\u200b", "x", "y", "x\u200b"], 100, 1, 13) == [
        ("#1 x",),
        ("#2 x",),
        ("y",),
        ("#1 x",),
    ]


@pytest.mark.parametrize("installed", [False, True])
def test_the_labels_of_a_grid_differ_and_fit(machine, tmp_path, installed):
    if installed:
        machine(tiny_font(tmp_path / "a.ttf", "星の絵한국어हिन्दी", "Tiny All"))
    table = sweep_table(tmp_path / "results", WORDS, steps=(4,), guidance=(1.0, 4.0))
    for columns in (None, "prompt"):
        sheet = lay_out(table, columns=columns)
        assert_labels_fit(sheet)
        lines = {label.lines for label in sheet.labels}
        assert len([text for text in lines if "▯" in "".join(text)]) == 0
        assert (("星の絵",) in lines) is installed
    assert grid(table).size == (sheet.width, sheet.height) or grid(table).width > 0


def test_charts_are_drawn_with_the_fonts_of_the_machine(machine, tmp_path, recwarn):
    machine(tiny_font(tmp_path / "a.ttf", "星の絵", "Tiny Chart"))
    figure, plot, _ = canvas(dark=False)
    plot.set_xlabel("星の絵")
    plot.set_ylabel("plain")
    figure.png()
    assert plot.xaxis.label.get_fontfamily() == ["DejaVu Sans", "Tiny Chart"]
    assert "Tiny Chart" not in plot.yaxis.label.get_fontfamily()
    assert not [w for w in recwarn if "missing from" in str(w.message)]


def test_a_plot_over_words_of_every_script_warns_of_no_glyph(machine, tmp_path, recwarn):
    table = sweep_table(tmp_path, WORDS, steps=(4,), guidance=(1.0, 4.0))
    for axis in ({"x": "prompt"}, {"x": "guidance", "hue": "prompt"}):
        picture = Image.open(io.BytesIO(metric_plot(table, "adherence", **axis).png()))
        assert picture.width > 300
    assert not [w for w in recwarn if "missing from" in str(w.message)]
