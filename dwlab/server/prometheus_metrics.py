"""What the server says of itself: a log file, and numbers for Prometheus."""

from __future__ import annotations

import logging
from collections import OrderedDict
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .._util.atomic import make_folder

if TYPE_CHECKING:
    from pathlib import Path

EXPERIMENT = "api"  # what pictures made by request belong to: `dwlab table api`
LOG_BYTES, LOG_FILES = 5_000_000, 3
SPARED_SECONDS = 10.0  # between two messages of one kind from the libraries, whatever clients do
KINDS = 1000  # of messages that are remembered
LOGGERS = ("dwlab", "uvicorn", "asyncio")
LIBRARIES = ("uvicorn.error", "asyncio")


class Metrics:
    """The server's numbers, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "dwlab_http_requests",
            "Requests by route",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.latency = Histogram(
            "dwlab_http_seconds", "Seconds to the first byte of an answer", ("route",), registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10),
        )  # fmt: skip
        self.jobs = Counter(
            "dwlab_jobs", "Jobs that ended, by status", ("status",), registry=self.registry
        )
        self.pictures = Counter(
            "dwlab_pictures", "Pictures, made or from the store", ("how",), registry=self.registry
        )
        self.together = Histogram(
            "dwlab_jobs_together",
            "Jobs handed to the renderer at once",
            registry=self.registry,
            buckets=(1, 2, 4, 8, 16, 32),
        )
        self.seconds = Histogram(
            "dwlab_job_seconds", "Seconds from the start of a job to its end", registry=self.registry,
            buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
        )  # fmt: skip
        self.dropped = Counter(
            "dwlab_connections_dropped", "Connections closed before their time, by reason", ("why",), registry=self.registry
        )  # fmt: skip
        self.queue = Gauge(
            "dwlab_queue", "Jobs in the store, by status", ("status",), registry=self.registry
        )

    def text(self, counts: dict[str, int]) -> bytes:
        """All of it in Prometheus' form, with the store's own counts."""
        for status, count in counts.items():
            self.queue.labels(status).set(count)
        return generate_latest(self.registry)


class Sparing(logging.Filter):
    """Lets a message through, then none like it for a while; the next one says how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        # for each kind of message: when one was let through, and how many were left out since
        self._known: OrderedDict[object, tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let a record through."""
        kind = str(record.msg).partition("\n")[0], record.exc_info and record.exc_info[0]
        last, left = self._known.pop(kind, (float("-inf"), 0))
        passes = record.created - last >= SPARED_SECONDS
        self._known[kind] = (record.created, 0) if passes else (last, left + 1)
        while len(self._known) > KINDS:
            self._known.popitem(last=False)
        if passes and left:
            record.msg = f"{record.msg} ({left} more like this since the last one)"
        return passes


def log_file(root: Path) -> Path:
    """Where the server's log is, below the results folder."""
    return root / EXPERIMENT / "server.log"


def start_log(path: Path) -> logging.Handler:
    """Write what dwlab, uvicorn and asyncio say to a file that does not grow for ever; returns the handler, to be closed."""
    make_folder(path.parent)
    handler = RotatingFileHandler(
        path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", errors="replace"
    )
    for shown in logging.getLogger().handlers:  # on the terminal: as much as was asked for
        shown.setLevel(logging.getLogger().level)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
    sparing = Sparing()
    for name in LIBRARIES:
        logging.getLogger(name).addFilter(sparing)
    return handler


def end_log(handler: logging.Handler) -> None:
    """Take back what `start_log` did to the loggers, and close its file."""
    for name in LOGGERS:
        logging.getLogger(name).removeHandler(handler)
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        for sparing in [known for known in logger.filters if isinstance(known, Sparing)]:
            logger.removeFilter(sparing)
    handler.close()
