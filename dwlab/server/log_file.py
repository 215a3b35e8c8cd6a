"""The server's log file, which does not grow without end."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from .._util.atomic import make_folder
from .jobs.job import API_EXPERIMENT

if TYPE_CHECKING:
    from pathlib import Path

LOG_BYTES = 5_000_000
LOG_FILES = 3
QUIET_SECONDS = 10.0  # between two messages of one kind from the libraries, whatever clients do
KINDS = 1000  # of messages that are remembered
LOGGERS = ("dwlab", "uvicorn", "asyncio")
LIBRARIES = ("uvicorn.error", "asyncio")


@dataclass(frozen=True)
class Repetition:
    """When a kind of message was last let through, and how many were left out since."""

    passed_at: float
    left_out: int


class RepetitionFilter(logging.Filter):
    """Lets a message through, then none like it for a while.

    The next one says how many were left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._repetitions: OrderedDict[object, Repetition] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let a record through."""
        exception = record.exc_info and record.exc_info[0]
        kind = (str(record.msg).partition("\n")[0], exception)
        last = self._repetitions.pop(kind, Repetition(float("-inf"), 0))
        passes = record.created - last.passed_at >= QUIET_SECONDS
        if passes:
            self._repetitions[kind] = Repetition(record.created, 0)
        else:
            self._repetitions[kind] = Repetition(last.passed_at, last.left_out + 1)
        while len(self._repetitions) > KINDS:
            self._repetitions.popitem(last=False)
        if passes and last.left_out:
            record.msg = f"{record.msg} ({last.left_out} more like this since the last one)"
        return passes


def log_file(root: Path) -> Path:
    """Where the server's log is, below the results folder."""
    return root / API_EXPERIMENT / "server.log"


def start_log(path: Path) -> logging.Handler:
    """Write the messages of dwlab, uvicorn and asyncio to a file.

    Returns the handler, for `end_log`.
    """
    make_folder(path.parent)
    handler = RotatingFileHandler(
        path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", errors="replace"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    # the terminal keeps its level, though the loggers now let more through
    for shown in logging.getLogger().handlers:
        shown.setLevel(logging.getLogger().level)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
    repetition_filter = RepetitionFilter()
    for name in LIBRARIES:
        logging.getLogger(name).addFilter(repetition_filter)
    return handler


def end_log(handler: logging.Handler) -> None:
    """Undo what `start_log` did to the loggers, and close the file."""
    for name in LOGGERS:
        logging.getLogger(name).removeHandler(handler)
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        for known in list(logger.filters):
            if isinstance(known, RepetitionFilter):
                logger.removeFilter(known)
    handler.close()
