"""Sweeps and rows that leave a machine name no path of it, and are still sweeps."""

from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec.portable import PortableSpec, check_portable
from dwlab.spec.sweep import SweepSpec

HASHES = {"/home/ada/a.png": "a" * 64, "/home/ada/c.png": "c" * 64}


def exported(spec, steps):
    """The sweep after the cells with these values of its axes were exported."""
    portable = PortableSpec(spec)
    for step in steps:
        recipe = {"model": "shapes", "image": f"sha256:{HASHES[step['image']]}"}
        portable.learn(step, {**recipe, "strength": step["strength"]})
    return portable.as_dict()


def test_a_start_picture_without_cells_takes_what_it_is_zipped_with_along():
    spec = {
        "name": "zipped",
        "base": {"prompt": "a star"},
        "axes": {
            "image": ["/home/ada/a.png", "/home/ada/b.png", "/home/ada/c.png"],
            "strength": {"linspace": [0.2, 0.6, 3]},
        },
        "zip": [["image", "strength"]],
    }
    steps = [
        {"image": "/home/ada/a.png", "strength": 0.2},
        {"image": "/home/ada/c.png", "strength": 0.6},
    ]
    result = exported(spec, steps)
    assert result["axes"] == {
        "image": [f"inputs/{'a' * 64}.png", f"inputs/{'c' * 64}.png"],
        "strength": [0.2, 0.6],
    }
    SweepSpec.from_dict(result)
    check_portable(result)


def test_a_zipped_sweep_whose_pictures_all_have_cells_keeps_its_words():
    spec = {
        "name": "zipped",
        "base": {"prompt": "a star"},
        "axes": {"image": ["/home/ada/a.png", "/home/ada/c.png"], "strength": {"range": [1, 3]}},
        "zip": [["image", "strength"]],
    }
    steps = [
        {"image": "/home/ada/a.png", "strength": 1},
        {"image": "/home/ada/c.png", "strength": 2},
    ]
    assert exported(spec, steps)["axes"]["strength"] == {"range": [1, 3]}


def test_a_config_folder_does_not_travel_even_if_nothing_else_is_in_base():
    portable = PortableSpec(
        {"name": "x", "base": {"config": "/home/ada/c"}, "axes": {"prompt": ["a"]}}
    )
    portable.learn({"prompt": "a"}, {"model": "0123456789", "prompt": "a"})
    assert "/home" not in str(portable.as_dict())


def test_the_network_of_a_metric_is_called_by_its_folder():
    spec = {
        "name": "measured",
        "metrics": [
            "brightness",
            {"clip_score": {"model": "/home/ada/networks/clip"}},
            {"preference": {"model": "yuvalkirstain/PickScore_v1"}},
            {"ssim": {"against": {"image": "/home/ada/a.png"}}},
        ],
    }
    result = exported(spec, [{"image": "/home/ada/a.png", "strength": 1}])
    assert result["metrics"] == [
        "brightness",
        {"clip_score": {"model": "clip"}},
        {"preference": {"model": "yuvalkirstain/PickScore_v1"}},
        {"ssim": {"against": {"image": f"inputs/{'a' * 64}.png"}}},
    ]


@pytest.mark.parametrize("path", ["/etc", "~/clip", "..\\clip", "//server/share", "../clip", "C:x"])
def test_a_strangers_metric_names_no_path(path):
    with pytest.raises(InvalidInput, match="metrics"):
        check_portable({"name": "theirs", "metrics": [{"clip_score": {"model": path}}]})


@pytest.mark.parametrize(
    "metric", ["mine.py:f", {"mine.py:f": {"label": "x"}}, {"f": {"code": "0", "file": "x.py"}}]
)
def test_a_strangers_metric_names_no_file_with_code(metric):
    with pytest.raises(InvalidInput, match="no path"):
        check_portable({"name": "theirs", "metrics": [metric]})
