"""Snippets and styles in a results folder: kept, replaced, forgotten, and never trusted."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from dwlab._util.lock import locked
from dwlab.errors import InvalidInput, StoreError
from dwlab.store.saved_prompts import FILE, LOCK_FILE, SNIPPET, STYLE, SavedPrompt, SavedPrompts

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


def test_two_kernels_that_save_at_once_lose_nothing(tmp_path):
    def save_many(kernel):
        prompts = SavedPrompts(tmp_path)
        for number in range(20):
            prompts.save(SavedPrompt(SNIPPET, f"{kernel} {number}", "soft light"))

    with ThreadPoolExecutor(2) as kernels:
        list(kernels.map(save_many, ["one", "other"]))
    assert len(SavedPrompts(tmp_path).all()) == 40


def test_a_lock_that_another_process_never_lets_go_is_said_to_be_so(tmp_path, monkeypatch):
    monkeypatch.setattr("dwlab.store.saved_prompts.PATIENCE", 0)
    with locked(tmp_path / LOCK_FILE), pytest.raises(StoreError, match="locked by another process"):
        SavedPrompts(tmp_path).save(SOFT)
