"""What a person does with the fields of the sweep panel, and sees there."""

from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput


def fill(form, name, *parts):
    """Type into the fields of a row."""
    row = form.rows()[name]
    form.take(form.name, [{**row.as_dict(), "parts": list(parts)}])


def enter(form, name, text):
    """Type into the only field of a row and leave it."""
    fill(form, name, text)
    form.settle(name)


def complaint(form):
    """Which row is wrong."""
    with pytest.raises(InvalidInput) as error:
        form.read().cells()
    return form.problem(error.value)
