"""What other tools would understand in a prompt."""

from __future__ import annotations

import pytest

from dwlab.spec import prompt_syntax
from dwlab.spec.prompt_text import PROMPT_LIMIT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a (red:1.2) star", {"weights": "(red:1.2)"}),
        ("a ((red)) star", {"weights": "((red))"}),
        ("[[red]]", {"weights": "[[red]]"}),
        ("<lora:style:0.8> a star", {"lora": "<lora:style:0.8>"}),
        ("a __colour__ star", {"wildcard": "__colour__"}),
        ("__art/style-1*__", {"wildcard": "__art/style-1*__"}),
        ("a {red|blue} star", {"variants": "{red|blue}"}),
        ("(a:1) {b|c}", {"weights": "(a:1)", "variants": "{b|c}"}),
        ("a (small) star, 4:3, at 12:30 (noon)", {}),
        ("a_snake__case name, __init", {}),
        ("{colour}", {}),
        ("a < b, c > d", {}),
        ("", {}),
    ],
)
def test_the_first_example_of_each_kind_is_named(text, expected):
    assert prompt_syntax.examples(text) == expected


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "piece",
    ["(", "((a", "(a:", "[[", "<lora:", "<lora:a", "__", "__a", "__a_", "_a", "{", "{a|", "|", "a"],
)
def test_the_longest_hostile_prompt_is_searched_at_once(piece):
    for _ in range(20):
        prompt_syntax.examples((piece * PROMPT_LIMIT)[:PROMPT_LIMIT])
