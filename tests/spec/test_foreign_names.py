"""Other tools' names point to dwlab's own, at every door that takes names; errors say where a value stands."""

from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec import foreign_names
from dwlab.spec.names import SPELLINGS
from dwlab.spec.params import FIELDS, GenerationParams
from dwlab.spec.sweep import SweepSpec

NAMES = [
    ("cfg_scale", "guidance"),
    ("CFG-Scale", "guidance"),
    ("cfgScale", "guidance"),
    ("sampler", "scheduler"),
    ("sampler_name", "scheduler"),
    ("batch_size", "an axis of seeds"),
    ("n_iter", "an axis of seeds"),
    ("num_images", "an axis of seeds"),
    ("n", "an axis of seeds"),
    ("size", "width and height"),
    ("denoising_strength", "from text only"),
    ("hr_scale", "nothing is upscaled"),
    ("restore_faces", "as the model made them"),
    ("clip_skip", "`call:`"),
]


@pytest.mark.parametrize(("name", "ours"), NAMES)
def test_another_tool_s_name_points_to_ours(name, ours):
    for attempt in (
        lambda: GenerationParams.of(prompt="x", **{name: 1}),
        lambda: SweepSpec("s", base={"prompt": "x", name: 1}),
        lambda: SweepSpec("s", base={"prompt": "x"}, axes={name: [1]}),
        lambda: SweepSpec("s", base={"prompt": "x"}).override({name: 1}),
        lambda: SweepSpec.from_dict({"name": "s", "base": {"prompt": "x"}, name: 1}),
    ):
        with pytest.raises(InvalidInput) as caught:
            attempt()
        assert ours in caught.value.allowed and name in str(caught.value)


def test_no_name_of_ours_is_called_foreign():
    assert not [
        name for name in FIELDS | set(SPELLINGS) - {"cfg"} if foreign_names.instead_of(name)
    ]
    assert foreign_names.instead_of("stepz") is None


def test_a_placeholder_may_have_another_tool_s_name():
    (cell,) = SweepSpec("s", base={"prompt": "a {size} star"}, axes={"size": ["large"]}).cells()
    assert cell.params.prompt == "a large star"


def test_a_parameter_beside_base_is_told_where_it_belongs():
    with pytest.raises(InvalidInput, match="inside base or axes, steps"):
        SweepSpec.from_dict({"name": "s", "base": {"prompt": "x"}, "steps": 4})


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


def test_a_number_in_quotes_is_told_so():
    with pytest.raises(InvalidInput, match="without quotes"):
        GenerationParams("x", width="512")


def test_an_error_is_short_whatever_it_is_about():
    error = InvalidInput("x" * 10**6, ["y" * 10**6], "z" * 10**6)
    assert len(str(error)) < 2000 and error.field == "x" * 10**6
    assert "very many digits" in str(InvalidInput("seed", 10**5000, "less"))
