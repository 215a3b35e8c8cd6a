"""Probes are named in a sweep, and change nothing about what it makes."""

from __future__ import annotations

import pytest
from sweeps import spec

from dwlab.errors import InvalidInput
from dwlab.spec.probes import check_recorded
from dwlab.spec.sweep import SweepSpec


def test_a_sweep_keeps_its_probes_when_it_is_stored_and_when_axes_are_replaced():
    probed = spec(probes=["latent_norm", "x0"])
    assert SweepSpec.from_dict(probed.as_dict()) == probed
    assert probed.override({"steps": [2, 4]}).probe_names == ("latent_norm", "x0")
    assert "probes" not in spec().as_dict()


def test_probes_are_no_part_of_a_recipe():
    plain = [cell.params for cell in spec().cells()]
    assert [cell.params for cell in spec(probes=["x0"]).cells()] == plain


@pytest.mark.parametrize(
    ("probes", "told"),
    [
        (["latents"], "latent_norm, guidance_norm, x0"),
        ("x0", "a list of latent_norm"),
        (["x0", "x0"], "each probe once"),
        ([3], "probes\\[0\\]"),
        ({"x0": True}, "a list of"),
    ],
)
def test_other_probes_are_refused_with_those_that_there_are(probes, told):
    with pytest.raises(InvalidInput, match=told):
        spec(probes=probes)


def test_a_record_has_a_name_of_its_own():
    assert check_recorded("delta_1") == "delta_1"
    for name in ("x0", "", "a b", "1a", "a" * 41, 3):
        with pytest.raises(InvalidInput, match="name of a record"):
            check_recorded(name)
