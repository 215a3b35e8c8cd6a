"""Other tools' names point to dwlab's own, wherever names are given."""

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
    ("denoising_strength", "strength"),
    ("init_image", "image"),
    ("hr_scale", "nothing is upscaled"),
    ("restore_faces", "as the model made them"),
    ("clip_skip", "`call:`"),
]


@pytest.mark.parametrize(("name", "ours"), NAMES)
def test_the_error_about_another_tools_name_gives_ours(name, ours):
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


def test_our_own_names_are_not_taken_for_another_tools():
    assert not [
        name for name in FIELDS | set(SPELLINGS) - {"cfg"} if foreign_names.instead_of(name)
    ]
    assert foreign_names.instead_of("stepz") is None


def test_the_error_about_a_parameter_outside_base_says_where_it_belongs():
    with pytest.raises(InvalidInput, match="inside base or axes, steps"):
        SweepSpec.from_dict({"name": "s", "base": {"prompt": "x"}, "steps": 4})
