"""Axes make the cells that a reader of the file would expect."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweeps import spec

from dwlab.errors import InvalidInput
from dwlab.spec import cells as cells_module
from dwlab.spec import no_effect
from dwlab.spec.sweep import SweepSpec


def test_the_last_axis_varies_fastest():
    cells = spec(axes={"seed": [0, 1], "steps": [2, 4]}).cells()
    assert [(c.params.seed, c.params.steps) for c in cells] == [(0, 2), (0, 4), (1, 2), (1, 4)]
    assert [c.position for c in cells] == [0, 1, 2, 3]


def test_zipped_axes_move_together():
    cells = spec(
        axes={"seed": [0, 1], "scheduler": ["Euler", "Heun"], "steps": [20, 10]},
        zip=[["scheduler", "steps"]],
    ).cells()
    assert {(c.params.scheduler, c.params.steps) for c in cells} == {
        ("EulerDiscreteScheduler", 20),
        ("HeunDiscreteScheduler", 10),
    }
    assert len(cells) == 4


def test_dotted_axes_reach_call_and_scheduler_options():
    cells = spec(
        base={"prompt": "x", "call": {"clip_skip": 1}},
        axes={"call.eta": [0, 0.5], "scheduler_options.use_karras_sigmas": [True]},
    ).cells()
    assert [dict(c.params.call) for c in cells] == [
        {"clip_skip": 1, "eta": 0},
        {"clip_skip": 1, "eta": 0.5},
    ]
    assert dict(cells[0].params.scheduler_options) == {"use_karras_sigmas": True}


def test_both_spellings_are_understood_everywhere():
    zipped = spec(axes=SPELLED, zip=[["num_inference_steps", "guidance_scale"]])
    assert [(c.params.steps, c.params.guidance) for c in zipped.cells()] == [(10, 3), (20, 7)]
    swept = spec(
        axes=SPELLED,
        skip=[{"num_inference_steps": 10, "guidance": {"above": 3}}, {"steps": 20, "cfg": 3}],
    )
    assert [(c.params.steps, c.params.guidance) for c in swept.cells()] == [(10, 3), (20, 7)]
    assert (
        swept.override({"guidance_scale": [3, 9]}).count()
        == zipped.override({"guidance": [2, 5]}).count()
        == 2
    )
    for again in (swept, zipped):
        assert SweepSpec.from_dict(again.as_dict()).cells() == again.cells()
    for parts in (
        {"skip": [{"cfg": 3, "guidance": 7}]},
        {"base": {"prompt": "x", "steps": 1, "num_inference_steps": 1}},
    ):
        with pytest.raises(InvalidInput, match="twice"):
            spec(axes={"guidance": [3, 7]}, **parts)


SPELLED = {"num_inference_steps": [10, 20], "cfg": [3, 7]}


def test_repeated_combinations_are_one_cell_and_are_warned_about():
    swept = spec(axes={"scheduler": ["Euler", "EulerDiscreteScheduler"], "seed": [0, 1]})
    cells = swept.cells()
    assert len(cells) == 2
    assert any("repeat" in w for w in no_effect.warnings(swept, cells))


def test_random_seeds_are_given_to_the_sweep_when_its_cells_are_made():
    swept = spec(base={"prompt": "x", "seed": "random"})
    assert swept.random_seeds == 1
    assert [c.params.seed for c in swept.cells([77])] == [77]
    assert [c.params.seed for c in spec(axes={"seed": {"random": 3}}).cells([5, 6, 7])] == [5, 6, 7]


def test_cells_are_made_once_for_the_same_seeds(monkeypatch):
    made = []
    own = cells_module.GenerationParams
    monkeypatch.setattr(
        cells_module, "GenerationParams", lambda **values: made.append(1) or own(**values)
    )
    swept = spec(axes={"scheduler": ["Euler", "Heun"], "seed": {"random": 2}})
    first = swept.cells()
    assert swept.cells(limit=100) == first and first is not swept.cells()
    once = len(made)
    swept.cells()
    assert len(made) == once
    assert [c.params.seed for c in swept.cells([7, 8])] == [7, 8, 7, 8], "other seeds, other cells"


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"axes": {"steps": [1, 2, -3]}}, "axes.steps[2]"),
        ({"axes": {"num_inference_steps": {"range": [1, -2, -1]}}}, "axes.steps[1]"),
        ({"base": {"prompt": "x", "width": "512"}}, "base.width"),
        ({"axes": {"scheduler": ["Euler", "nope"]}}, "axes.scheduler[1]"),
        ({"axes": {"prompt": ["a", "b {c}"], "c": ["x" * 20_001]}}, "axes.prompt[1]"),
        ({"axes": {"call": [{"eta": 0}, {"seed": 1}]}}, "axes.call[1].seed"),
        ({"axes": {"call.eta": [0, float("nan")]}}, "axes.call.eta[1]"),
        ({"base": {"prompt": "x", "call": {"steps": 1}}}, "base.call.steps"),
    ],
)
def test_an_error_names_the_place_of_the_value(parts, field):
    with pytest.raises(InvalidInput) as caught:
        SweepSpec(**{"name": "s", "base": {"prompt": "x"}, **parts}).cells()
    assert caught.value.field == field, caught.value


VALUES = {
    "seed": [0, 3, 3.0, 2**40], "steps": [2, 5, 9.0], "guidance": [1, 1.0, 7.5], "scheduler": ["DDIM", "Euler Karras", None],
    "width": [64, None, 128], "dtype": ["auto", "float32"], "colour": ["red", "{blue}", 3], "call.eta": [0.0, 0.5],
    "negative_prompt": ["", "{colour}"],
}  # fmt: skip


@given(st.permutations(list(VALUES)), st.integers(2, 5), st.booleans())
@settings(max_examples=40, deadline=None)
def test_each_cell_equals_the_cell_of_a_sweep_with_its_values_alone(names, count, zipped):
    """Cells are made from the cell before where most of them is the same."""
    axes = {name: VALUES[name] for name in names[:count]} | {"colour": VALUES["colour"]}
    pairs = [["seed", "seed2"]] if zipped and "seed" in axes else []
    base = {
        "prompt": "a {colour} {seed2} thing" if pairs else "a {colour} thing",
        "call": {"clip_skip": 1},
    }
    axes |= {"seed2": [1, 2, 3, 4]} if pairs else {}
    for cell in SweepSpec("whole", base=base, axes=axes, zip=pairs).cells():
        (own,) = SweepSpec(
            "own", base=base, axes={name: [value] for name, value in cell.axes.items()}
        ).cells()
        assert own.params == cell.params and own.params.canonical() == cell.params.canonical()


MANY_RULES = [{"seed": k, "steps": {"above": 90}, "guidance": {"below": 0.5}} for k in range(2480)]


MIB = 1 << 20


def limit_memory():
    resource.setrlimit(resource.RLIMIT_DATA, (2048 * MIB, 2048 * MIB))


@pytest.mark.parametrize(
    "parts",
    [
        {"base": {"prompt": "{a}" * 20_000}, "axes": {"a": ["x" * 100_000]}},
        pytest.param(
            {
                "base": {"prompt": "a"},
                "axes": {"seed": {"range": [100]}, "steps": {"range": [1, 101]}},
                "skip": MANY_RULES,
            },
            marks=pytest.mark.slow,
        ),
        {"base": {"prompt": "a"}, "axes": {"steps": {"range": [0, 1e308, 1e-300]}}},
    ],
)
def test_a_dry_run_of_a_hostile_file_needs_little_memory(parts, tmp_path):
    (tmp_path / "hostile.yaml").write_text(json.dumps(parts), "utf-8")
    code = "import resource, sys; from dwlab.cli import main; sys.argv[0] = 'dwlab'; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "sweep", "hostile.yaml", "--dry-run", "--results", "r"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120, preexec_fn=limit_memory,
    )  # fmt: skip
    assert ended.returncode in (0, 2) and "Traceback" not in ended.stderr, ended.stderr
    assert len(ended.stderr) < 1000 and len(ended.stdout) < 5000
