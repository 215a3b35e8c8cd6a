"""How to compute is one value, which refuses what is not allowed."""

from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec.compute import Compute


@pytest.mark.parametrize("pack", [0, -1, True, 1.5, "2"])
def test_a_pack_that_is_not_a_whole_number_of_at_least_one_is_refused(pack):
    with pytest.raises(InvalidInput, match=r"pack is .* a whole number of at least 1"):
        Compute(pack=pack)


@pytest.mark.parametrize("exact", [0, 1, True, 2.5, 5000])
def test_a_number_of_rows_that_is_not_allowed_is_refused(exact):
    with pytest.raises(InvalidInput, match="exact is"):
        Compute(exact=exact)


def test_equal_values_are_one_value():
    assert Compute(device="cpu") == Compute("cpu")
    assert len({Compute(exact=2), Compute(exact=2), Compute()}) == 2
