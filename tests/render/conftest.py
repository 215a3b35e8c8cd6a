"""Tiny models of every family, made once for all tests of drawing."""

import functools

import pytest
from controlled import Controlled
from family_pictures import Family


@pytest.fixture(scope="session")
def family(tmp_path_factory):
    """Gives a family by its name."""
    return functools.cache(lambda name: Family(name, tmp_path_factory.mktemp(name)))


@pytest.fixture(scope="session")
def controlled(tmp_path_factory):
    """Gives a model with ControlNets by their name in `controlled.KINDS`."""
    return functools.cache(lambda name: Controlled(name, tmp_path_factory.mktemp("controlled")))
