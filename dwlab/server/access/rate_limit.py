"""How many requests per minute each client may make."""

from __future__ import annotations

import time
from dataclasses import dataclass

CLIENTS = 10_000  # that are remembered


@dataclass(frozen=True)
class Allowance:
    """The requests that a client has left, and when that was counted by the monotonic clock."""

    requests: float
    counted_at: float


class RateLimit:
    """So many requests per minute per client, in bursts of as many; 0: no limit."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._allowances: dict[str, Allowance] = {}

    def seconds_to_wait(self, client: str) -> int:
        """Count a request; returns how many whole seconds the client must wait, 0 to let it in."""
        if not self._per_minute:
            return 0
        at = time.monotonic()
        requests = self._requests_left(client, at)
        wait = 0
        if requests >= 1:
            requests -= 1
        else:
            wait = int((1 - requests) * 60 / self._per_minute) + 1
        self._allowances[client] = Allowance(requests, at)
        while len(self._allowances) > CLIENTS:
            del self._allowances[next(iter(self._allowances))]
        return wait

    def _requests_left(self, client: str, at: float) -> float:
        allowance = self._allowances.pop(client, None)
        if allowance is None:
            return float(self._per_minute)
        regained = (at - allowance.counted_at) * self._per_minute / 60
        return min(self._per_minute, allowance.requests + regained)
