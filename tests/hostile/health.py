"""Asks a server for its health, one answer after the other, until standard input says something; prints what each took."""

from __future__ import annotations

import http.client
import json
import select
import sys
import time

PAUSE = 0.01  # seconds between two
PATIENCE = 120  # seconds for one
# Another client than those who are hostile; beside Linux, a machine has only one address for itself.
ADDRESS = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"


def main(url: str) -> None:
    """Print `ready`, then a list of milliseconds, with null for a health that was not to be had."""
    answers = []
    print("ready", flush=True)
    while not answers or not select.select([sys.stdin], [], [], PAUSE)[0]:
        began = time.perf_counter()
        good = healthy(url.removeprefix("http://"))
        answers.append(1000 * (time.perf_counter() - began) if good else None)
    print(json.dumps(answers))


def healthy(address: str) -> bool:
    """Ask once, on a new connection, as a stranger would."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE, source_address=(ADDRESS, 0))
    try:
        connection.request("GET", "/api/health")
        answer = connection.getresponse()
        answer.read()
    except OSError:
        return False
    finally:
        connection.close()
    return answer.status == 200


if __name__ == "__main__":
    main(sys.argv[1])
