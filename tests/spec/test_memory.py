"""The names of measures that save memory, as people write them."""

from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.models.settings import STOCK, Settings
from dwlab.spec import memory
from dwlab.spec.compute import Compute
from dwlab.spec.sweep import SweepSpec


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, None),
        ("none", ()),
        (False, ()),
        ([], ()),
        ("auto", ("auto",)),
        ("model-offload,vae_slicing", ("vae-slicing", "model-offload")),
        (["vae-slicing", "auto, attention-slicing"], ("auto", "attention-slicing", "vae-slicing")),
    ],
)
def test_names_are_read_in_every_form_and_put_in_one_order(value, names):
    assert memory.parse(value) == names


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("offload", "memory is 'offload'; allowed: auto, none, or some of attention-slicing"),
        ("none,auto", "memory is 'none'"),
        ("model-offload,group-offload", "model-offload, group-offload'; allowed: only one"),
        (["quanto-8bit", "float8-layers"], "float8-layers, quanto-8bit'; allowed: only one"),
        (8, "memory is 8; allowed: auto, none, or a list of names"),
        ([8], "memory is 8"),
        ({"auto": True}, "a list of names"),
    ],
)
def test_names_without_meaning_and_rivals_are_refused(value, words):
    with pytest.raises(InvalidInput, match=words):
        memory.parse(value)


@pytest.mark.parametrize("name", memory.MEASURES)
def test_each_measure_is_a_setting_and_is_named_by_it(name):
    settings = STOCK.with_measures([name])
    assert settings != STOCK and settings.measures == (name,)
    assert settings.mark == (f"+{name}" if name in memory.OTHER_PICTURES else "")


def test_attention_and_decoder_are_sliced_together():
    both = STOCK.with_measures(["attention-slicing", "vae-slicing"])
    assert both == Settings(slicing="both")
    assert both.measures == ("attention-slicing", "vae-slicing")
    assert Settings(slicing="vae").with_measures(["attention-slicing"]) == both


def test_an_experiment_says_how_memory_is_saved_unless_the_command_does():
    spec = SweepSpec.from_dict({"name": "x", "base": {"prompt": "a"}, "memory": "vae_slicing"})
    assert spec.as_dict()["memory"] == ["vae-slicing"]
    assert SweepSpec.from_dict(spec.as_dict()).override({"steps": 3}).measures == ("vae-slicing",)
    assert Compute().of_experiment(spec.measures).memory == ("vae-slicing",)
    assert Compute(memory=()).of_experiment(spec.measures).memory == ()
    assert "memory" not in SweepSpec("x", base={"prompt": "a"}).as_dict()
    with pytest.raises(InvalidInput, match="memory is 'much'"):
        SweepSpec("x", base={"prompt": "a"}, memory="much")
