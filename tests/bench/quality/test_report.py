"""What is said of measured ways to draw: the frontier, its knee, and the fastest that is good enough."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from dwlab.analysis.drift import Mean
from dwlab.bench import files
from dwlab.bench.quality.chart import quality_chart
from dwlab.bench.quality.report import QualityReport, QualityRow
from dwlab.errors import InvalidInput

SYSTEM = {"cpu": "a processor", "versions": {"torch": "2"}, "devices": {"cpu": {"name": "a processor"}}}  # fmt: skip
MEASURE = "perceptual_distance.drift"


def way(name, seconds, drift=None, score=None, *, reach=0.0, recipe=None, difference=0):
    """A way to draw; drift and score are (mean, half of the interval)."""
    distances = (
        {} if drift is None else {MEASURE: Mean(drift, max(0.0, drift - reach), drift + reach, 24)}
    )
    differences = {}
    if score is not None:
        mean, half = score
        differences["adherence"] = Mean(mean, mean - half, mean + half, 24)
    if recipe is None:
        recipe = {} if drift is None else {"steps": 5}
    return QualityRow(
        name=name, recipe=recipe, settings={}, dtype="float32", seconds=[seconds, 1.1 * seconds, 0.9 * seconds],
        denoiser_seconds=[seconds / 2] * 3, rows=10.0, difference=difference, distances=distances, differences=differences,
    )  # fmt: skip


WAYS = [
    way("plain", 8.0),
    way("10 steps", 4.0, 0.02, (0.0, 0.01), recipe={"steps": 10}),
    way("deep_cache 3", 2.0, 0.05, (-0.01, 0.015), recipe={"accelerate": {"deep_cache": 3}}),
    way("5 steps", 1.0, 0.8, (-0.2, 0.1)),
    way("slow and bad", 5.0, 0.5, (-0.01, 0.05), recipe={"scheduler": "UniPC"}),
]


def report(ways=WAYS, score="adherence"):
    return QualityReport(
        model="shapes", device="cpu", experiment="quality-shapes", plain={"prompt": "x"}, prompts=["x"], seeds=4,
        measure=MEASURE, score=score, margin=0.03, rows=list(ways), system=SYSTEM,
    )  # fmt: skip


def test_the_knee_and_the_fastest_within_the_margin_are_named():
    found = report()
    assert found.knee.name == "deep_cache 3"
    assert found.cheapest.name == "deep_cache 3"
    assert [found.verdict(row) for row in found.rows] == [
        "within",
        "within",
        "within",
        "beyond",
        "open",
    ]
    text = found.text()
    assert "The knee: deep_cache 3, 4.00 times as fast as plain, drift 0.05 [0.05, 0.05]." in text
    assert (
        "Fastest shown to be within 0.030 of the plain way's adherence: deep_cache 3, 4.00" in text
    )
    # the fastest first
    assert text.splitlines()[1].startswith("5 steps")


def test_likeness_stands_beside_drift_where_it_was_measured():
    alike = replace(WAYS[1], distances={**WAYS[1].distances, "ssim.drift": Mean(0.9814, 0.9, 1, 24)})  # fmt: skip
    head, *lines = report([WAYS[0], alike]).text().splitlines()
    column = head.index("ssim")
    assert [line[column:].split()[0] for line in lines[:2]] == ["0.981", "-"]


def test_what_is_not_shown_is_not_claimed():
    ways = [WAYS[0], way("5 steps", 1.0, 0.1, (0.0, 0.05))]
    found = report(ways)
    assert (found.knee, found.cheapest.name) == (None, "plain")
    assert "No knee" in found.text() and "No faster way is shown to be" in found.text()
    without = report(ways, score=None)
    assert without.cheapest is None and "No metric here says how good" in without.text()


def test_a_faster_computation_of_the_plain_recipe_is_shown_with_its_distance():
    ways = [*WAYS, way("openvino", 0.5, difference=3)]
    found = report(ways)
    assert found.cheapest.name == "openvino"
    assert "openvino: a pixel is 3 of 255 away from plain, with the same recipe" in found.text()
    assert "0.50 times" not in found.text()


def test_a_file_comes_back_as_it_was_also_ends_of_which_nothing_is_known(tmp_path):
    open_end = replace(WAYS[1], name="open", distances={MEASURE: Mean(0.1, 0.0, math.inf, 1)})
    found = replace(report([*WAYS, open_end]), unmeasured={"compiled": "no compiler"})
    path = found.save(tmp_path / "quality.json")
    document = files.load(path)
    assert files.kind(document) == files.QUALITY
    assert QualityReport.of(document) == found
    assert "not known" in found.text() and "compiled was not measured: no compiler" in found.text()
    # as files before had none
    document.pop("unmeasured")
    assert QualityReport.of(document).unmeasured == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda rows: rows.pop(0), "rows.0.name"),
        (lambda rows: rows[1]["seconds"].pop(), "rows.1.seconds"),
        (lambda rows: rows[1].update(difference=256), "rows.1.difference"),
        (lambda rows: rows[1]["distances"][MEASURE].pop("low"), f"rows.1.distances.{MEASURE}"),
    ],
)
def test_a_spoiled_file_is_refused_with_the_place(tmp_path, change, field):
    path = report().save(tmp_path / "quality.json")
    document = json.loads(path.read_text())
    change(document["rows"])
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidInput) as refused:
        files.load(path)
    assert refused.value.field == f"quality.json: {field}"


def test_the_chart_is_drawn_light_and_dark_and_of_one_way_alone():
    for found in (report(), report([WAYS[0]]), report(score=None)):
        for dark in (False, True):
            assert quality_chart(found, dark=dark).png().startswith(b"\x89PNG")
