"""Odd and hostile files of code are refused with a message, at once."""

from __future__ import annotations

import os
import sys

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec.own_code.parameters import Parameter
from dwlab.spec.own_code.recipe import checked_method

HEAD = "import dwlab\nfrom typing import Annotated, Literal\n"
METHOD = "@dwlab.method\ndef odd(pipe, cell, *, {}):\n    return None\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "odd.py"


@pytest.fixture
def usual_depth():
    """Python's own recursion limit, which libraries raise as they are imported."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(limit)


def refusal(path):
    with pytest.raises(InvalidInput) as raised:
        checked_method("method", f"{path}:odd")
    return str(raised.value)


@pytest.mark.usefixtures("usual_depth")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def odd(:\n", "line 1'; allowed: Python that can be read (invalid syntax)"),
        ("x = '\0'\n", "null bytes"),
        ("x = " + "-" * 20_000 + "1\n", "nested"),
        ("x = " + "+".join("1" * 3000) + "\n", "recursion depth"),
        ("x = " + "+".join("1" * 600) + "\n", "nested less deeply"),
    ],
)
def test_a_file_that_is_no_python_or_nested_too_deeply(path, text, reason):
    path.write_text(text, "utf-8")
    assert reason in refusal(path)


def test_a_file_that_is_no_file(path):
    os.mkfifo(path)
    assert "not a regular file" in refusal(path)
    path.unlink()
    path.symlink_to(path)
    assert "can be read" in refusal(path)
    path.unlink()
    path.mkdir()
    assert "can be read" in refusal(path)


def test_a_mark_at_the_beginning_of_a_file_does_not_matter(path):
    text = HEAD + METHOD.format("low: float = 1")
    path.write_text(text, "utf-8")
    method = checked_method("method", f"{path}:odd")
    path.write_text(text, "utf-8-sig")
    assert checked_method("method", f"{path}:odd") == method


@pytest.mark.parametrize(
    "parameter",
    [
        "low: 'int(' = 1",
        "low: Literal[LOW] = 1",
        "low: Literal['x', None] = 'x'",
        r"low: Literal['a\0'] = 'x'",
        "low: FIRST = 1",
        "low: int = FIRST",
        "low: float = 1" + "0" * 400,
        "low: int = 1" + "0" * 400,
        "low: Annotated[float, dwlab.Range(1, 0)] = 0.5",
    ],
)
def test_an_annotation_or_a_default_that_means_no_value(path, parameter):
    path.write_text(f"{HEAD}FIRST = SECOND\nSECOND = FIRST\n{METHOD.format(parameter)}", "utf-8")
    assert "method.low is" in refusal(path) or "Range is" in refusal(path)


def test_a_number_beyond_all_floats_is_no_value():
    with pytest.raises(InvalidInput, match=r"method\.low"):
        Parameter("low", float).checked("method.low", 10**400)


def test_choices_of_several_types_keep_theirs(path):
    path.write_text(HEAD + METHOD.format("low: Literal['x', 1, True, 2.5] = 1"), "utf-8")
    method = checked_method("method", f"{path}:odd")
    for choice in ("x", 1, True, 2.5):
        value = method.with_value("low", choice).values["low"]
        assert (type(value), value) == (type(choice), choice)
    with pytest.raises(InvalidInput, match=r"one of x, 1, True, 2\.5"):
        method.with_value("low", False)


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("class plain:\n    pass\n", "not a class; make the object in a function"),
        ("async def plain(pipe, cell):\n    pass\n", "not an async function"),
        ("def plain(pipe, cell):\n    yield 1\n", "not a generator, which yields"),
        ("def plain(pipe, cell):\n    pass\n", "with the decorator"),
    ],
)
def test_what_is_no_method_is_called_by_its_name(path, text, instead):
    decorator = "" if "decorator" in instead else "@dwlab.method\n"
    path.write_text("import dwlab\n" + decorator + text, "utf-8")
    with pytest.raises(InvalidInput, match=instead):
        checked_method("method", f"{path}:plain")


def test_a_generator_within_a_method_is_no_matter(path):
    text = "def plain(pipe, cell):\n    def inner():\n        yield 1\n    return inner\n"
    path.write_text("import dwlab\n@dwlab.method\n" + text, "utf-8")
    assert checked_method("method", f"{path}:plain").name == "plain"


def test_errors_of_a_range_name_the_bound_and_a_single_range(path):
    for bounds, field in (
        ("Range(float('inf'), 1)", "a bound of method.low"),
        ("Range(0, 1), dwlab.Range(0, 2)", "the annotation of method.low"),
    ):
        annotation = f"Annotated[float, dwlab.{bounds}]"
        text = f"def plain(pipe, cell, *, low: {annotation} = 0.5):\n    pass\n"
        path.write_text("import dwlab\n@dwlab.method\n" + text, "utf-8")
        with pytest.raises(InvalidInput, match=field):
            checked_method("method", f"{path}:plain")
