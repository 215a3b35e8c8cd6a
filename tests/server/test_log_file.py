"""The server's log stays short."""

from __future__ import annotations

import logging

from dwlab.server.log_file import RepetitionFilter


def test_a_repeated_message_is_logged_now_and_then_with_a_count():
    sparing, said = RepetitionFilter(), []
    for second in (0.0, 0.1, 0.2, 9.0, 10.5, 10.6):
        for text in ("accept failed: %s\nof one socket", "another"):
            record = logging.LogRecord("asyncio", logging.ERROR, "", 0, text, ("full",), None)
            record.created = second
            said += [record.msg] if sparing.filter(record) else []
    assert said[:2] == ["accept failed: %s\nof one socket", "another"]
    assert len(said) == 4 and all(
        text.endswith("(3 more like this since the last one)") for text in said[2:]
    )
