"""All that a notebook's method uses counts for its key, however it uses it."""

from __future__ import annotations

import pytest
from own_code import notebook

from dwlab.errors import InvalidInput
from dwlab.spec.own_code.recipe import checked_method

HEAD = """
import enum
import functools
from dataclasses import dataclass, field
from typing import NamedTuple
import numpy as np
import dwlab
"""
USES = {
    "a default": "def used(x=K): return x",
    "a class body": "class used:\n    x = K + 1\n    def at(self): pass",
    "a cached property": (
        "class used:\n    @functools.cached_property\n    def x(self) -> Missing: return K"
    ),
    "a metaclass": "class Meta(type):\n    def at(self): return VALUE\n"
    "class used(metaclass=Meta):\n    def x(self): pass",
    "a class in a class": "class used:\n    class Inner:\n        x = VALUE",
    "a dataclass": "@dataclass\nclass used:\n    x: int = VALUE",
    "a factory": "@dataclass\nclass used:\n    x: list = field(default_factory=lambda: [VALUE])",
    "a named tuple": "class used(NamedTuple):\n    x: int = VALUE",
    "an enumeration": "class used(enum.Enum):\n    x = VALUE",
    "a comprehension": "def used(): return [K for _ in range(2)]",
    "itself": "def used(n): return used(n - VALUE)",
}
METHOD = "\n@dwlab.method\ndef own(pipe, cell):\n    return {}\n"


def digest(source):
    return checked_method("method", notebook(HEAD + source).own).code


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_value_that_is_used_changes_the_key(use):
    source = f"K = VALUE\n{use}{METHOD.format('used')}"
    first, again, other = (digest(source.replace("VALUE", value)) for value in ("1", "1", "2"))
    assert first == again != other


def test_a_method_may_call_itself_and_use_modules_under_other_names():
    assert digest(METHOD.format("own, np.pi"))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("class K:\n    x = np.zeros(3)\n", "K.x"),
        ("K = []\nK.append(K)\n", "K"),
    ],
)
def test_what_has_no_text_is_refused(source, name):
    with pytest.raises(InvalidInput, match=f"{name}, which own uses, is "):
        digest(source + METHOD.format("K"))


@pytest.mark.parametrize(
    "source",
    [
        "own = dwlab.method(lambda pipe, cell: None)",
        "@dwlab.method\nasync def own(pipe, cell): pass",
        "@dwlab.method\ndef own(pipe, cell): yield 1",
        "@dwlab.method\ndef größe(pipe, cell): pass",
        "@dwlab.method\nclass own:\n    def __init__(self, pipe, cell): pass",
        "own = dwlab.method(None)",
    ],
)
def test_what_is_no_plain_function_is_refused(source):
    with pytest.raises(InvalidInput, match="a function like"):
        digest(source)


@pytest.mark.parametrize("parameter", ["low: 'Missing' = 1", "größe: float = 1.0"])
def test_a_parameter_that_no_row_can_hold_is_refused(parameter):
    with pytest.raises(InvalidInput, match="method"):
        digest(f"@dwlab.method\ndef own(pipe, cell, *, {parameter}): pass")
