"""Errors are short and readable, whatever they are about."""

from __future__ import annotations

from dwlab.errors import InvalidInput


def test_an_error_is_short_whatever_it_is_about():
    error = InvalidInput("x" * 10**6, ["y" * 10**6], "z" * 10**6)
    assert len(str(error)) < 2000 and error.field == "x" * 10**6
    assert "very many digits" in str(InvalidInput("seed", 10**5000, "less"))
