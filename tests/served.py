"""A real `dwlab serve` in a process of its own, on a free port of this machine."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
SMALL = {"width": 64, "height": 64, "steps": 2}
SECONDS = 240  # that anything may take on a busy machine
ENDED = ("completed", "failed", "cancelled")


class Served:
    """`with Served(folder, token=...) as server: server.http.get("/")`.

    Keywords are settings, passed in the environment. ready: wait until the model is loaded.
    files: how many files the process may have open.
    """

    def __init__(
        self, folder: Path, *, ready: bool = True, files: int | None = None, **settings: object
    ):
        self.folder = folder
        self.results = folder / "results"
        self.ready = ready
        self.limit = f"ulimit -n {files} && " if files else ""
        self.token = settings.get("token")
        self.environment = _environment(settings)
        self.process: subprocess.Popen[str]
        self.http: httpx.Client

    def start(self):
        """Start it, and wait until it answers; with `ready`, until its model is loaded."""
        self.folder.mkdir(parents=True, exist_ok=True)
        dwlab = [sys.executable, "-c", "from dwlab.cli import main; main()"]
        serve = ["serve", "--port", "0", "--results", self.results]
        with (self.folder / "stderr").open("a") as stderr:
            self.process = subprocess.Popen(
                ["sh", "-c", f'{self.limit}exec "$@"', "sh", *dwlab, *serve],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=self.folder,
            )
        address = re.search(r"http://\S+?:\d+", self.process.stdout.readline())
        assert address, (self.folder / "stderr").read_text()
        self.url = address[0]
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=SECONDS)
        wait_for(lambda: self._loaded() or not self.ready)
        return self

    def _loaded(self):
        try:
            return self.http.get("/api/health").json()["model_loaded"]
        except httpx.HTTPError:
            return False

    def ask(self, prompt="a red circle", **more):
        """Request a small picture; returns the answer's JSON."""
        answer = self.http.post("/api/generate", json={"prompt": prompt, **SMALL, **more})
        assert answer.status_code == 202, answer.text
        return answer.json()

    def status(self, job):
        return self.http.get(f"/api/status/{job}").json()

    def job_ids(self):
        """The ids of all jobs, up to 200."""
        return [job["job_id"] for job in self.http.get("/api/jobs?limit=200").json()["jobs"]]

    def wait(self, job, *statuses):
        """Wait until a job has one of these statuses, or has ended; returns its status."""
        awaited = statuses or ENDED
        return wait_for(lambda: (status := self.status(job))["status"] in awaited and status)

    def events(self, job, last=None, stop=None):
        """(id, event, data) of a job's stream, up to its end or until stop(events)."""
        headers = {"Last-Event-ID": last} if last else {}
        events = []
        event = {}
        with self.http.stream("GET", f"/api/events/{job}", headers=headers) as answer:
            if answer.status_code == 204:
                return []
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name in ("id", "event", "data"):
                    event[name] = value
                elif not line and "data" in event:
                    events.append((event["id"], event["event"], json.loads(event["data"])))
                    event = {}
                    if stop and stop(events):
                        break
        return events

    def connect(self, sent=b"", *, buffer=None):
        """A new connection on which `sent` was sent; buffer: bytes it receives before it is read."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        connection = socket.socket()
        connection.settimeout(SECONDS)
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.connect((host, int(port)))
        connection.sendall(sent)
        return connection

    def stop(self, how=signal.SIGTERM):
        """End it; returns its exit code."""
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.process.stdout.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def wait_for(condition):
    """The first true value of condition(); an error after a long time without one."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise TimeoutError(f"not within {SECONDS} s")


def _environment(settings):
    """This process's environment, with these settings instead of the user's."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("DWLAB_")
    }
    for name, value in settings.items():
        environment[f"DWLAB_{name.upper()}"] = str(value)
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    environment["OMP_NUM_THREADS"] = "1"
    return environment
