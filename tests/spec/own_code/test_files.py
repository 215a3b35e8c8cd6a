"""A file's code is read, hashed and checked without being run."""

from __future__ import annotations

import re

import pytest
from own_code import INTERVAL, method_file

import dwlab
from dwlab.errors import InvalidInput
from dwlab.spec.own_code import files
from dwlab.spec.own_code.recipe import checked_method


def digest(folder, *texts):
    return files.read("method", f"{method_file(folder, *texts)}:interval").code.digest


@pytest.fixture
def before(tmp_path):
    return digest(tmp_path)


def test_comments_docstrings_and_layout_do_not_change_the_hash(tmp_path, before):
    text = INTERVAL.replace("return None", "# no picture\n    return  None")
    text = text.replace('"""Guidance only while', '"""Other words: while')
    assert digest(tmp_path, text.replace("Guidance in an interval", "Some more words")) == before


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        (INTERVAL.replace("0.2", "0.3"), "HALF = 0.5\n"),
        (INTERVAL.replace("return None", "return 1"), "HALF = 0.5\n"),
        (INTERVAL, "HALF = 0.6\n"),
    ],
)
def test_a_constant_the_code_and_a_local_module_change_the_hash(tmp_path, before, text, shares):
    assert digest(tmp_path, text, shares) != before


def test_a_comment_in_a_local_module_and_another_folder_do_not(tmp_path, before):
    assert digest(tmp_path / "elsewhere", INTERVAL, "HALF = 0.5  # of one\n") == before


def test_two_methods_of_one_file_have_hashes_of_their_own(tmp_path, before):
    path = method_file(tmp_path)
    assert files.read("method", f"{path}:plain").code.digest != before


def test_modules_of_modules_and_packages_count(tmp_path):
    path = method_file(
        tmp_path, INTERVAL.replace("from shares import HALF", "from tools.first import A")
    )
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "__init__.py").write_text("", "utf-8")
    (tools / "first.py").write_text("from .second import A\nimport numpy as np\n", "utf-8")
    (tools / "second.py").write_text("A = 1\n", "utf-8")
    code = files.read("method", f"{path}:interval").code
    assert set(code.modules) == {"", "tools", "tools.first", "tools.second"}
    assert code.libraries == ("numpy",)
    (tools / "second.py").write_text("A = 2\n", "utf-8")
    assert files.read("method", f"{path}:interval").code.digest != code.digest


def test_reading_runs_nothing(tmp_path):
    text = "from pathlib import Path\nPath(__file__).with_name('ran').write_text('')\n" + INTERVAL
    checked_method("method", f"{method_file(tmp_path, text)}:interval")
    assert not (tmp_path / "ran").exists()


def test_defaults_types_and_bounds_are_read(tmp_path):
    method = checked_method("method", f"{method_file(tmp_path)}:interval")
    assert method.values == {"low": 0.2, "high": 0.8, "off": "one"}
    assert method.with_value("low", 0).values["low"] == 0.0
    assert method.with_value("off", "less").values["off"] == "less"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("low", 1.5, "a number from 0 to 1"),
        ("low", True, "a number from 0 to 1"),
        ("low", "0.5", "a number from 0 to 1, without quotes"),
        ("low", float("nan"), "a number from 0 to 1"),
        ("off", "two", "one of one, less"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_its_name(tmp_path, name, value, allowed):
    sweep = {
        "method": f"{method_file(tmp_path)}:interval",
        "base": {"prompt": "a red circle"},
        "axes": {f"method.{name}": [value]},
    }
    with pytest.raises(InvalidInput) as refused:
        dwlab.Sweep("trial", **sweep).cells()
    assert refused.value.field == f"axes.method.{name}[0]"
    assert refused.value.allowed == allowed


def test_a_parameter_that_no_method_has_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(InvalidInput, match=r"axes.method.loww is .*method.low, method.high"):
        dwlab.Sweep(
            "trial",
            method=f"{method_file(tmp_path)}:interval",
            base={"prompt": "a red circle"},
            axes={"method.loww": [0.5]},
        )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def interval(pipe, cell):\n    return\n", "a method in interval.py"),
        ("@dwlab.method\ndef interval(pipe):\n    return\n", "def name(pipe, cell, *"),
        ("@dwlab.method\ndef interval(pipe, cell, *, a):\n    return\n", "int, float, str, bool"),
        (
            "@dwlab.method\ndef interval(pipe, cell, *, a: list = 1):\n    return\n",
            "int, float, str, bool",
        ),
        (
            "@dwlab.method\ndef interval(pipe, cell, *, a: int = f()):\n    return\n",
            "a plain value",
        ),
        (
            "@dwlab.method\ndef interval(pipe, cell, *, a: int = 0.5):\n    return\n",
            "a whole number",
        ),
        ("def interval(:\n", "line 1"),
    ],
)
def test_a_file_that_declares_no_such_method_is_refused(tmp_path, text, said):
    path = method_file(tmp_path, text)
    with pytest.raises(InvalidInput, match=re.escape(said)):
        checked_method("method", f"{path}:interval")


def test_a_parameter_without_default_must_be_given(tmp_path):
    text = "@dwlab.method\ndef interval(pipe, cell, *, a: int):\n    return\n"
    path = method_file(tmp_path, text)
    base = {"prompt": "a red circle", "method": f"{path}:interval"}
    with pytest.raises(InvalidInput, match=r"method.a is None"):
        dwlab.Sweep("trial", base=base).cells()
    (cell,) = dwlab.Sweep("trial", base=base | {"method.a": 3}).cells()
    assert cell.params.method.values == {"a": 3}


@pytest.mark.parametrize(
    "reference", ["interval", "interval.py", "gone.py:interval", "interval.py:a b"]
)
def test_what_is_no_file_is_refused(reference):
    with pytest.raises(InvalidInput):
        checked_method("method", reference)
