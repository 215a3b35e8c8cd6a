"""The server's numbers for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWER_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10)  # seconds
JOB_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)  # seconds
TOGETHER_BUCKETS = (1, 2, 4, 8, 16, 32)  # jobs


class ServerMetrics:
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
            "dwlab_http_seconds",
            "Seconds to the first byte of an answer",
            ("route",),
            registry=self.registry,
            buckets=ANSWER_BUCKETS,
        )
        self.jobs = Counter(
            "dwlab_jobs",
            "Jobs that ended, by status",
            ("status",),
            registry=self.registry,
        )
        self.pictures = Counter(
            "dwlab_pictures",
            "Pictures, made or from the store",
            ("how",),
            registry=self.registry,
        )
        self.together = Histogram(
            "dwlab_jobs_together",
            "Jobs handed to the renderer at once",
            registry=self.registry,
            buckets=TOGETHER_BUCKETS,
        )
        self.seconds = Histogram(
            "dwlab_job_seconds",
            "Seconds from the start of a job to its end",
            registry=self.registry,
            buckets=JOB_BUCKETS,
        )
        self.dropped = Counter(
            "dwlab_connections_dropped",
            "Connections closed before their time, by reason",
            ("why",),
            registry=self.registry,
        )
        self.queue = Gauge(
            "dwlab_queue",
            "Jobs in the store, by status",
            ("status",),
            registry=self.registry,
        )

        self.workers = Gauge(
            "dwlab_worker_requests",
            "Requests under way on each device that is there",
            ("worker", "device"),
            registry=self.registry,
        )

    def note_workers(self, requests: Mapping[tuple[str, str], int]) -> None:
        """Note the devices that are there, by name and kind, with their requests under way."""
        self.workers.clear()
        for labels, count in requests.items():
            self.workers.labels(*labels).set(count)

    def text(self, jobs_by_status: Mapping[str, int]) -> bytes:
        """All of it in Prometheus' format, with the store's own counts."""
        for status, count in jobs_by_status.items():
            self.queue.labels(status).set(count)
        return generate_latest(self.registry)
