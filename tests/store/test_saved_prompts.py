"""Snippets and styles in a results folder: kept, replaced, forgotten, and never trusted."""

import json

import pytest

from dwlab.errors import InvalidInput, StoreError
from dwlab.store.saved_prompts import FILE, SNIPPET, STYLE, SavedPrompt, SavedPrompts

FILM = SavedPrompt(STYLE, "film", "a photograph of {prompt}, grainy", "drawing")
SOFT = SavedPrompt(SNIPPET, "soft", "soft light")


def test_saved_prompts_come_back_by_kind_and_name(tmp_path):
    prompts = SavedPrompts(tmp_path / "new")
    assert prompts.all() == []
    prompts.save(FILM)
    prompts.save(SOFT)
    assert SavedPrompts(tmp_path / "new").all() == [SOFT, FILM]
    harder = SavedPrompt(SNIPPET, " soft ", "soft, low light")
    prompts.save(harder)
    assert prompts.all() == [harder, FILM]
    prompts.remove(SNIPPET, "soft")
    prompts.remove(SNIPPET, "never there")
    assert prompts.all() == [FILM]


@pytest.mark.parametrize(
    ("kind", "name", "text", "field"),
    [
        ("other", "a", "b", "kind"),
        (SNIPPET, "", "b", "name"),
        (SNIPPET, "two\nlines", "b", "name"),
        (SNIPPET, "x" * 61, "b", "name"),
        (SNIPPET, "a", "  ", "text"),
        (SNIPPET, "a", "\0", "text"),
        (SNIPPET, "a", "x" * 20_001, "text"),
        (STYLE, "a", "no place for it", "text"),
        (STYLE, "a", "{prompt} and {prompt}", "text"),
    ],
)
def test_what_cannot_be_saved_is_named(kind, name, text, field):
    with pytest.raises(InvalidInput) as error:
        SavedPrompt(kind, name, text)
    assert error.value.field == field


@pytest.mark.parametrize(
    "content", ["", "[]", '{"prompts": 7}', "[" * 5_000, '{"prompts": [7, {"kind": "style"}]}', "é"]
)
def test_a_file_that_somebody_garbled_counts_as_empty(tmp_path, content):
    (tmp_path / FILE).write_bytes(content.encode("latin-1"))
    prompts = SavedPrompts(tmp_path)
    assert prompts.all() == []
    prompts.save(SOFT)
    assert prompts.all() == [SOFT]


def test_valid_entries_beside_invalid_ones_stay(tmp_path):
    entries = [{"kind": SNIPPET, "name": "<b>", "text": "</script>"}, {"kind": STYLE, "name": "x"}]
    (tmp_path / FILE).write_text(json.dumps({"prompts": entries}))
    assert SavedPrompts(tmp_path).all() == [SavedPrompt(SNIPPET, "<b>", "</script>")]


def test_a_folder_that_cannot_be_written_is_said_to_be_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        SavedPrompts(tmp_path / "file").save(SOFT)
