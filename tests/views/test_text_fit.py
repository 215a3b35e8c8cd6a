"""Text in pictures is wrapped and cut so that it fits."""

from __future__ import annotations

from dwlab.views.text_fit import fit, text_width


def test_text_is_wrapped_and_a_cut_shows_an_ellipsis():
    lines = fit("several words that need more than one line of this width", 100, 2, 13)
    assert len(lines) == 2 and lines[-1].endswith("…")
    assert all(text_width(line, 13, False) <= 100 for line in lines)
    assert fit("short", 100, 2, 13) == ("short",)
    assert "".join(fit("W" * 40, 100, 10, 13)) == "W" * 40
