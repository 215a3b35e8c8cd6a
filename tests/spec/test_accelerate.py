"""`accelerate` has one form for one meaning, keys that follow it, and errors that name the setting."""

from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec import accelerate
from dwlab.spec.params import GenerationParams
from dwlab.spec.rows import rows_of
from dwlab.spec.sweep import SweepSpec

PLAIN = GenerationParams("a red star", steps=10)


def key(params):
    return params.key("weights", "float32")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "none",
        False,
        {},
        {"guidance_every": 1},
        {"guidance_every": {"every": 1.0}},
        {"guidance_every": None},
        {"guidance_interval": [0, 1]},
        {"guidance_every": "none", "guidance_interval": {"interval": [0, 1]}},
    ],
)
def test_what_changes_nothing_is_the_plain_cell_with_its_key(value):
    params = GenerationParams("a red star", steps=10, accelerate=value)
    assert params == PLAIN and hash(params) == hash(PLAIN)
    assert key(params) == key(PLAIN)
    assert "accelerate" not in params.as_dict()


def test_equal_settings_have_equal_keys_however_they_are_written():
    forms = [
        {"guidance_every": 2, "guidance_interval": [0, 0.6]},
        {"guidance_interval": {"interval": (0, 0.6)}, "guidance_every": {"every": 2.0}},
        {"guidance_every": {}, "guidance_interval": {}},
    ]
    recipes = [PLAIN.replace(accelerate=form) for form in forms]
    assert len(set(recipes)) == 1 and len(set(map(key, recipes))) == 1
    assert key(recipes[0]) != key(PLAIN)
    assert GenerationParams(**recipes[0].as_dict()) == recipes[0]
    assert PLAIN.replace(accelerate="guidance_every").accelerate == {"guidance_every": 2}


@pytest.mark.parametrize(
    ("value", "field", "allowed"),
    [
        ({"faster": 2}, "accelerate.faster", "one of token_merging, deep_cache"),
        ({"guidance_every": 0}, "accelerate.guidance_every", "a whole number from 1 to 20"),
        ({"guidance_every": True}, "accelerate.guidance_every", "a whole number from 1 to 20"),
        ({"guidance_every": {"n": 2}}, "accelerate.guidance_every.n", "one of every"),
        ({"guidance_interval": [0.6, 0.2]}, "accelerate.guidance_interval", "[start, end]"),
        ({"guidance_interval": [0, float("nan")]}, "accelerate.guidance_interval", "[start, end]"),
        (3, "accelerate", "none, or a map"),
        ("faster", "accelerate", "none, one of token_merging"),
    ],
)
def test_errors_name_the_setting_and_what_is_allowed(value, field, allowed):
    with pytest.raises(InvalidInput) as caught:
        PLAIN.replace(accelerate=value)
    assert caught.value.field == field and caught.value.allowed.startswith(allowed)


def test_it_is_refused_beside_what_draws_in_another_way():
    with pytest.raises(InvalidInput) as caught:
        PLAIN.replace(accelerate="guidance_every", refiner={"model": "sdxl-refiner"})
    assert caught.value.field == "accelerate" and "refiner" in caught.value.allowed


def test_guidance_that_is_left_out_is_refused_beside_a_cache_that_counts_calls():
    with pytest.raises(InvalidInput) as caught:
        PLAIN.replace(accelerate={"guidance_every": 2, "taylorseer": 5})
    assert caught.value.field == "accelerate" and "taylorseer" in caught.value.allowed


def sweep(**values):
    return SweepSpec.from_dict({"name": "fast", "model": "shapes", **values})


def test_axes_of_whole_values_and_of_one_setting_make_each_cell_once():
    whole = sweep(
        base={"prompt": "a red star"},
        axes={"accelerate": ["none", {"guidance_every": 1}, {"guidance_every": 2}]},
    )
    of_one = sweep(
        base={"prompt": "a red star", "accelerate": {"guidance_interval": [0, 0.5]}},
        axes={"accelerate.guidance_every": [1, 2, 3]},
        skip=[{"accelerate.guidance_every": 3}],
    )
    assert [dict(cell.params.accelerate) for cell in whole.cells()] == [{}, {"guidance_every": 2}]
    assert [dict(cell.params.accelerate) for cell in of_one.cells()] == [
        {"guidance_interval": [0, 0.5]},
        {"guidance_interval": [0, 0.5], "guidance_every": 2},
    ]


def test_an_error_in_a_sweep_names_its_place():
    with pytest.raises(InvalidInput) as caught:
        sweep(
            base={"prompt": "a red star"}, axes={"accelerate": ["none", {"guidance_every": 99}]}
        ).cells()
    assert caught.value.field == "axes.accelerate[1].guidance_every"
    with pytest.raises(InvalidInput) as caught:
        sweep(base={"prompt": "a red star"}, axes={"accelerate.faster": [1, 2]}).cells()
    assert caught.value.field == "axes.accelerate.faster"


def test_labels_are_short():
    both = {"guidance_interval": [0, 0.6], "guidance_every": 3}
    kept = accelerate.checked("accelerate", both)
    assert accelerate.label(kept) == "guidance_every 3 + guidance_interval 0-0.6"
    assert accelerate.label({}) == "none"


@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        ({}, 20),
        ({"accelerate": {"guidance_every": 2}}, 15),
        ({"accelerate": {"guidance_interval": [0, 0.6]}}, 16),
        ({"accelerate": {"guidance_interval": [0.3, 0.6], "guidance_every": 2}}, 11),
        ({"accelerate": {"guidance_every": 2}, "guidance": 1}, 10),
        # two calls per step, one in the last
        ({"accelerate": {"guidance_interval": [0.5, 1]}, "scheduler": "Heun"}, 10 + 2 * 9),
    ],
)
def test_rows_that_are_saved_count(changes, rows):
    assert rows_of(PLAIN.replace(**changes)) == rows
