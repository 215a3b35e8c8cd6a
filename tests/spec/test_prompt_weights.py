"""`(word:1.2)` in a prompt: its parts, their weights, and hostile text in bounded work."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwlab.errors import InvalidInput
from dwlab.spec.prompt_text import PROMPT_LIMIT
from dwlab.spec.prompt_weights import LOWERED_LIMIT, PARTS_LIMIT, Part, parts_of, without_weights


def parts(text):
    return [(part.text, part.weight) for part in parts_of("prompt", text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a red star", [("a red star", 1)]),
        ("a (red:1.2) star", [("a ", 1), ("red", 1.2), (" star", 1)]),
        ("a (red) star", [("a ", 1), ("red", 1.1), (" star", 1)]),
        ("((red))", [("red", 1.21)]),
        ("[red]", [("red", 0.909091)]),
        ("(a (b:2):0.5) c", [("a ", 0.5), ("b c", 1)]),
        ("(red:.5)(blue:0.5)", [("redblue", 0.5)]),
        ("(red: 1.5 )", [("red", 1.5)]),
        ("(a:b)", [("a:b", 1.1)]),
        ("(a:1.2.3)", [("a:1.2.3", 1.1)]),
        (r"a \(b\) \[c\] \\ \d", [(r"a (b) [c] \ \d", 1)]),
        ("(never closed", [("never closed", 1.1)]),
        ("never) opened]", [("never) opened]", 1)]),
        ("12:30) and 4:3", [("12:30) and 4:3", 1)]),
        ("[red:1.2]", [("red:1.2", 0.909091)]),
        ("", []),
        ("(:1.3)", []),
    ],
)
def test_a_prompt_is_read_as_automatic1111_reads_it(text, expected):
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("(red:11)", "red (weight 11)"),
        ("(red:-1)", "red (weight -1)"),
        ("(" * 30 + "red" + ")" * 30, "red (weight 17"),
        ("(red:999999999999)", "red (weight 1e+12)"),
        ("(a)b" * (PARTS_LIMIT + 1), f"a text with {PARTS_LIMIT + 1} of them"),
        ("[a]b" * (LOWERED_LIMIT + 1), f"a text with {LOWERED_LIMIT + 1} of them"),
    ],
)
def test_weights_out_of_range_are_refused_with_the_words_that_they_are_for(text, shown):
    with pytest.raises(InvalidInput) as refused:
        parts_of("negative_prompt", text)
    assert refused.value.field == "negative_prompt"
    assert str(refused.value.value).startswith(shown)


@given(st.text(alphabet="ab (:.1)[]\\,\n", max_size=200))
def test_any_text_is_parts_or_refused_and_loses_no_letter(text):
    try:
        read = parts_of("prompt", text)
    except InvalidInput:
        return
    assert without_weights(read).count("a") == text.count("a")
    assert all(0 <= part.weight <= 10 for part in read)
    neighbours = itertools.pairwise(read)
    assert all(left.weight != right.weight for left, right in neighbours)


def test_text_without_brackets_is_one_part():
    assert parts_of("prompt", "a: b, c") == (Part("a: b, c", 1.0),)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "piece", ["(", "[", ")", "(a", "(a:", "(a:1", "\\", ":", ": ", "(a)", "[a](b:2)", "((a:0.9)"]
)
def test_the_longest_hostile_prompt_is_read_or_refused_at_once(piece):
    text = (piece * PROMPT_LIMIT)[:PROMPT_LIMIT]
    for _ in range(5):
        with contextlib.suppress(InvalidInput):
            parts_of("prompt", text)
