"""Weights in fewer bits as a parameter of cells, which a sweep may vary."""

from __future__ import annotations

import pytest
from side_by_side import made

import dwlab
from dwlab.errors import InvalidInput
from dwlab.runs.resolve import identify_all, resolve
from dwlab.spec.compute import Compute
from dwlab.spec.memory import with_quantisation
from dwlab.spec.params import GenerationParams

CELL = GenerationParams("a red circle", steps=1, guidance=1.0, width=64, height=64)
EIGHT_BITS = CELL.replace(quantisation="quanto-8bit")


def key(cell, memory=None):
    compute = Compute(device="cpu", memory=memory)
    (resolved,) = resolve([cell], identify_all([cell], compute))
    return resolved.key


def test_a_cell_has_the_key_that_the_measure_of_a_whole_run_gives():
    assert key(EIGHT_BITS) == key(CELL, ("quanto-8bit",)) == key(EIGHT_BITS, ("quanto-8bit",))
    assert key(CELL) == key(CELL.replace(quantisation="none")) != key(EIGHT_BITS)


@pytest.mark.slow
def test_cells_with_and_without_it_are_drawn_side_by_side_as_alone():
    plain, eight_bits, last = made([CELL, EIGHT_BITS, CELL.replace(seed=1)])
    (alone,) = made([CELL], memory="quanto-8bit")
    assert eight_bits.image.tobytes() == alone.image.tobytes() != plain.image.tobytes()
    assert (plain.settings, last.settings) == ({}, {})
    assert eight_bits.settings == {"quantisation": "quanto-8bit"}


def test_two_quantisations_at_once_are_refused():
    assert with_quantisation(("vae-tiling",), "quanto-8bit") == ("vae-tiling", "quanto-8bit")
    assert with_quantisation(None, "none") is None
    with pytest.raises(InvalidInput, match=r"quantisation is 'quanto-8bit'.* only one of the two"):
        key(EIGHT_BITS, ("float8-layers",))


def test_a_loaded_model_keeps_its_weights_as_they_are():
    model = dwlab.load("shapes", "cpu")
    with pytest.raises(InvalidInput, match=r"quantisation is 'quanto-8bit'.* as the given model"):
        next(iter(dwlab.stream([EIGHT_BITS], model=model)))


def test_an_unknown_one_names_those_there_are():
    with pytest.raises(InvalidInput, match=r"quantisation is 'int3'.* none, float8-layers"):
        CELL.replace(quantisation="int3")
