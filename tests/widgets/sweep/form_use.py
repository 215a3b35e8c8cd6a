"""What a person does with the fields of the sweep panel, and sees there."""

from __future__ import annotations

import html
import re

import pytest

from dwlab.errors import InvalidInput


def field(form, name):
    return form._fields[name].text


def shown(form):
    return [box.children[0].description for box in form._field_boxes.children]


def messages(form):
    """The visible messages by the field they stand below; "" is below all of them."""
    found = {
        "name": form._name_message.value,
        "prompt": form._prompt_message.value,
        "": form._general_message.value,
    }
    found |= {name: row.message.value for name, row in form._fields.items()}
    return {
        name: html.unescape(re.sub("<[^>]*>", "", text)) for name, text in found.items() if text
    }


def complaint(form):
    with pytest.raises(InvalidInput) as error:
        form.read().cells()
    form.show_error(error.value)
    return messages(form)
