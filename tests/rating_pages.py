"""A real `dwlab rate` in a process of its own, on a free port of this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Self

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 120  # that anything may take on a busy machine


class RatingPage:
    """`with RatingPage(results) as served: page.goto(served.url)`. results: with the sweep `name`."""

    def __init__(self, results: Path, name: str = "rated", rater: str = "ada") -> None:
        self.command = [sys.executable, "-m", "dwlab", "rate", name, "--no-browser"]
        self.command += ["--rater", rater, "--results", str(results)]
        self.folder = results.parent
        self.url = ""

    def start(self, port: int = 0) -> None:
        """Start it, and wait until it has an address."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DWLAB_")}
        with (self.folder / "rate.log").open("a") as log:
            self.process = subprocess.Popen(
                [*self.command, "--port", str(port)],
                env=environment | {"OMP_NUM_THREADS": "1"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.folder,
            )
        address = re.search(r"http://\S+?:\d+", self.process.stdout.readline())
        assert address, (self.folder / "rate.log").read_text()
        self.url = address[0]

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(SECONDS)
        self.process.stdout.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def ready(view: Page) -> None:
    """Wait until a pair is shown and nothing is asked for."""
    expect(view.locator(".dwlab-rating[aria-busy=false]")).to_have_count(1)
    expect(view.get_by_role("button", name="Equal")).to_be_enabled()


def status(view: Page):
    return view.locator(".dwr-status")
