"""What acceleration changes, in pairs with the plain pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import dwlab
from dwlab.analysis.drift import drift, has_drift
from dwlab.analysis.metric_columns import metrics_of
from dwlab.analysis.picture_distances import PIXELS
from dwlab.errors import InvalidInput
from dwlab.spec.drift_requests import drift_requests, plain_values
from dwlab.views.report.drift_section import drift_section
from dwlab.views.viewer.fields import fields_of

WAYS = ["none", {"deep_cache": 2}, {"guidance_interval": [0, 0.5]}]
BASE = {"steps": 2, "width": 64, "height": 64}
AXES = {"prompt": ["a large red circle", "a blue star"], "seed": [0, 1], "accelerate": WAYS}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A results folder with a small sweep of accelerators."""
    root = tmp_path_factory.mktemp("results")
    dwlab.Sweep(name="fast", base=BASE, axes=AXES).run(root)
    return root


def test_each_way_stands_beside_the_plain_one_with_what_it_saves(swept):
    found = dwlab.Results(swept).drift("fast")
    assert found.plain == "accelerate none"
    assert (found.rows, [each.rows for each in found.settings]) == (4, [2, 3])
    assert [each.setting for each in found.settings] == [
        "accelerate deep_cache 2",
        "accelerate guidance_interval 0-0.5",
    ]
    assert found.distances == (PIXELS, "perceptual_distance.drift", "ssim.drift")
    assert found.differences == ("adherence",)
    for each in found.settings:
        assert each.distances[PIXELS].pairs == 4
        for mean in each.distances.values():
            assert mean.low <= mean.mean <= mean.high


def test_tables_show_the_distances_before_what_describes_pictures(swept):
    table = dwlab.Results(swept).table("fast")
    metrics = ["adherence", "perceptual_distance.drift", "ssim.drift", "brightness"]
    assert metrics_of(table)[:4] == metrics
    shown = [field.name for field in fields_of(table) if field.kind == "metric"]
    assert shown[:2] == metrics[1:3]


def test_the_distance_is_that_of_the_pictures(swept):
    table = dwlab.Results(swept).table("fast")
    by_way = {}
    for row in table.itertuples():
        pixels = np.asarray(Image.open(swept / row.image), float) / 255
        by_way.setdefault(row.accelerate, []).append(pixels)
    plain, cached, _ = by_way.values()
    distances = [np.sqrt(np.mean((a - b) ** 2)) for a, b in zip(plain, cached, strict=True)]
    first = drift(table).settings[0]
    assert first.distances[PIXELS].mean == pytest.approx(np.mean(distances))
    assert first.distances["ssim.drift"].mean < 1


def test_other_axes_stay_and_the_plain_picture_has_the_same_values(tmp_path):
    axes = {"seed": [0, 1], "guidance": [2, 4], "accelerate.deep_cache": [1, 3]}
    table = dwlab.Sweep(name="two", base=BASE | {"prompt": "a star"}, axes=axes).run(tmp_path)
    assert [each.setting for each in drift(table).settings] == [
        "guidance 2, accelerate.deep_cache 3",
        "guidance 4, accelerate.deep_cache 3",
    ]
    # a reference of one's own
    found = drift(table, plain={"guidance": 4, "accelerate.deep_cache": 1})
    assert found.plain == "guidance 4, accelerate.deep_cache 1"
    assert len(found.settings) == 3


def test_the_report_says_in_words_what_is_saved_and_what_it_costs(swept):
    table = dwlab.Results(swept).table("fast")
    table["device_seconds"] = table["accelerate"].map(
        lambda way: 0.25 if "deep_cache" in way else 1.0
    )
    section = drift_section(table)
    assert section.columns == (
        "RMS difference of pixels (0 = equal, at most 1)",
        "perceptual distance (0 = equal)",
        "SSIM (1 = equal)",
        "adherence, minus the plain (above 0 = better)",
    )
    ways = {each.setting: each for each in drift(table).settings}
    cached = ways["accelerate deep_cache 2"]
    first, *_ = section.sentences
    distance = cached.distances[PIXELS].as_distance()
    assert first.startswith("The fastest, accelerate deep_cache 2, takes 75% less time; its ")
    assert f"its pictures are {distance} from the plain ones" in first
    assert "adherence changes by" in first
    assert [row.saved for row in section.rows] == ["75% less time", "0% less time"]
    # nobody timed them: their rows are known all the same
    section = drift_section(table.drop(columns=["device_seconds", "seconds"]))
    assert [row.saved for row in section.rows] == ["50% fewer rows", "25% fewer rows"]


def test_the_report_has_a_section_of_it(swept, tmp_path):
    table = dwlab.Results(swept).table("fast")
    section = drift_section(table)
    assert [row.setting for row in section.rows] == [each.setting for each in drift(table).settings]
    plain = table[table["accelerate"] == table["accelerate"].iloc[0]]
    plain.attrs = table.attrs
    assert drift_section(plain) is None


def test_without_plain_pictures_nothing_is_compared():
    axes = {"accelerate": WAYS[1:], "steps": [1, 2]}
    assert plain_values(axes) == {}
    assert drift_requests(axes, ["ssim"], "") == []
    table = pd.DataFrame({"steps": [1, 2], "seed": [0, 0]})
    table.attrs["axes"] = {"steps": [1, 2]}
    assert not has_drift(table)
    with pytest.raises(InvalidInput, match="plain is"):
        drift(table)


def test_8_bits_and_another_decoder_are_compared_with_the_models_own_too(tmp_path):
    axes = {"seed": [0, 1], "quantisation": ["none", "float8-layers"]}
    table = dwlab.Sweep(name="bits", base=BASE | {"prompt": "a star"}, axes=axes).run(tmp_path)
    (found,) = drift(table).settings
    assert found.setting == "quantisation float8-layers"
    assert set(found.distances) == {PIXELS, "perceptual_distance.drift", "ssim.drift"}
    assert plain_values(axes | {"vae": [None, "small"]}) == {"quantisation": "none", "vae": None}
    # two others beside each other have no plain one
    assert plain_values({"quantisation": ["float8-layers", "quanto-8bit"]}) == {}


def test_a_sweep_that_names_its_metrics_has_these_alone(tmp_path):
    sweep = dwlab.Sweep(name="own", base=BASE | {"prompt": "a star"}, axes={"seed": [0], "accelerate": WAYS[:2]}, metrics=["sharpness"])  # fmt: skip
    table = sweep.run(tmp_path)
    assert "sharpness" in table and not any("drift" in name for name in table)


def test_if_all_pictures_failed_the_report_has_no_such_section(swept):
    table = dwlab.Results(swept).table("fast")
    failed = table[[*AXES, "steps", "status"]].assign(status="failed", image=None, seconds=np.nan)
    failed.attrs = table.attrs
    assert drift_section(failed) is None
    with pytest.raises(InvalidInput, match="pictures with a plain one each"):
        drift(failed)
