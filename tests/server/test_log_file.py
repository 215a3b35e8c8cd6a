"""The server's log stays short."""

from __future__ import annotations

import logging

from dwlab.server.log_file import RepetitionFilter


def test_a_repeated_message_is_logged_now_and_then_with_a_count():
    repetitions = RepetitionFilter()
    messages = []
    for second in (0.0, 0.1, 0.2, 9.0, 10.5, 10.6):
        for text in ("accept failed: %s\nof one socket", "another"):
            record = logging.LogRecord("asyncio", logging.ERROR, "", 0, text, ("full",), None)
            record.created = second
            messages += [record.msg] if repetitions.filter(record) else []
    assert messages[:2] == ["accept failed: %s\nof one socket", "another"]
    assert len(messages) == 4 and all(
        text.endswith("(3 more like this since the last one)") for text in messages[2:]
    )
