"""What a page does with the prompt bench."""

import time


def ask(bench, do, **arguments):
    bench._receive({"do": do, **arguments}, [])


def wait(bench):
    deadline = time.monotonic() + 120
    while (
        bench._session.unfinished
        or bench.sweeping.get("running")
        or not bench.status["text"].startswith(("Done", "Made", "Stopped", "1 of", "trial"))
    ):
        assert time.monotonic() < deadline, bench.status
        time.sleep(0.05)
