"""A notebook's method is hashed with what it uses, and nothing else."""

from __future__ import annotations

import pytest
from own_code import method_file, notebook

import dwlab
from dwlab.errors import InvalidInput
from dwlab.spec.own_code import files
from dwlab.spec.own_code.recipe import checked_method

SOURCE = '''
import math
import functools
import numpy as np
import dwlab

LIMIT = {"steps": (1, 2)}
OTHER = [3]


class Schedule:
    """A schedule."""

    rate = 2

    def at(self, step):
        return step * self.rate


@functools.lru_cache
def helper(value):
    return math.exp(value) * LIMIT["steps"][0]


@dwlab.method
def own(pipe, cell, *, scale: float = 1.0):
    """Words."""
    def inner(step):
        return helper(step) + Schedule().at(step) + np.float32(scale)

    return inner(1)
'''


def digest(source):
    return checked_method("method", notebook(source).own).code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Words."""', '"""Other words."""'),
        ("OTHER = [3]", "OTHER = [4]"),
        ("    return inner(1)", "    # a comment\n    return inner(1)"),
        ('"""A schedule."""', '"""Another text."""'),
    ],
)
def test_words_and_what_is_not_used_do_not_change_the_hash(old, new):
    assert digest(SOURCE.replace(old, new)) == digest(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return inner(1)", "return inner(2)"),
        ("(1, 2)", "(1, 3)"),
        ("rate = 2", "rate = 3"),
        ("step * self.rate", "step + self.rate"),
        ("math.exp", "math.log"),
        ("@functools.lru_cache", "@functools.cache"),
        ("scale: float = 1.0", "scale: float = 2.0"),
    ],
)
def test_what_the_method_uses_changes_the_hash(old, new):
    assert digest(SOURCE.replace(old, new)) != digest(SOURCE)


def test_libraries_that_it_uses_are_known_by_name():
    method = checked_method("method", notebook(SOURCE).own)
    code = __import__("dwlab.spec.own_code.code", fromlist=["known"]).known(method.code)
    assert code.libraries == ("numpy",)
    assert "def helper" in code.text
    assert "OTHER" not in code.text


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("THING = object()", "THING"),
        ("THING = np.zeros(3)", "THING"),
        ("", "THING"),
    ],
)
def test_what_cannot_be_hashed_is_refused_with_its_name_and_what_to_do(line, name):
    source = SOURCE.replace("OTHER = [3]", line).replace("return inner(1)", "return THING")
    with pytest.raises(InvalidInput, match=rf"{name}, which own uses, is .*allowed: "):
        digest(source)


def test_a_closure_counts():
    source = """
import dwlab

def make(scale):
    @dwlab.method
    def own(pipe, cell):
        return scale
    return own

first = make(1)
again = make(1)
other = make(2)
"""
    module = notebook(source)
    codes = [
        checked_method("method", each).code for each in (module.first, module.again, module.other)
    ]
    assert codes[0] == codes[1] != codes[2]


def test_a_function_of_an_imported_file_has_the_hash_of_the_file(tmp_path, monkeypatch):
    path = method_file(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    module = __import__("interval")
    expected = files.read("method", f"{path}:plain").code.digest
    assert checked_method("method", module.plain).code == expected


@pytest.mark.parametrize("source", ["lambda pipe, cell: None", "print", "len"])
def test_a_function_without_the_decorator_is_refused(source):
    with pytest.raises(InvalidInput, match=r"@dwlab\.method"):
        checked_method("method", eval(source))


def test_a_function_of_another_form_is_refused_where_it_is_decorated():
    with pytest.raises(InvalidInput, match="def name"):

        @dwlab.method
        def own(pipe, cell, low=0.5):
            return None
