"""Text of other people does not turn around what stands beside it."""

import pytest

from dwlab._util.isolated import isolated


@pytest.mark.parametrize("text", ["", "a red star", "日本の庭", "une étoile, 3 × 4 …"])
def test_text_from_left_to_right_stays_as_it_is(text):
    assert isolated(text) == text


def test_text_from_right_to_left_is_isolated():
    assert isolated("قطة حمراء") == "\u2068قطة حمراء\u2069"


@pytest.mark.parametrize("control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_a_control_of_the_direction_cannot_leave_its_text(control):
    assert isolated(f"a {control}star") == "\u2068a star\u2069"
