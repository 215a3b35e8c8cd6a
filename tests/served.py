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
SECONDS = 90  # that anything may take on a busy machine


class Served:
    """`with Served(folder, token=...) as server: server.http.get("/")`; keywords are settings, given by environment.

    files: how many the process may have open.
    """

    def __init__(
        self, folder: Path, *, ready: bool = True, files: int | None = None, **settings: object
    ):
        self.limit = f"ulimit -n {files} && " if files else ""
        self.results, self.folder, self.ready = folder / "results", folder, ready
        self.token = settings.get("token")
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("DWLAB_")
        }
        self.environment |= {
            f"DWLAB_{name.upper()}": str(value) for name, value in settings.items()
        }
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self.environment |= {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        self.process: subprocess.Popen[str]
        self.http: httpx.Client

    def start(self):
        """Start it, and wait until it answers; with `ready`, until its model is loaded."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "stderr").open("a") as err:
            served = [
                sys.executable,
                "-c",
                "from dwlab.cli import main; main()",
                "serve",
                "--port",
                "0",
                "--results",
                self.results,
            ]
            self.process = subprocess.Popen(
                ["sh", "-c", f'{self.limit}exec "$@"', "sh", *served],
                env=self.environment, stdout=subprocess.PIPE, stderr=err, text=True, cwd=self.folder,
            )  # fmt: skip
        found = re.search(r"http://\S+?:\d+", self.process.stdout.readline())
        assert found, (self.folder / "stderr").read_text()
        self.url = found[0]
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
        """Post a small picture's request; gives the answer's JSON."""
        answer = self.http.post("/api/generate", json={"prompt": prompt, **SMALL, **more})
        assert answer.status_code == 202, answer.text
        return answer.json()

    def status(self, job):
        return self.http.get(f"/api/status/{job}").json()

    def job_ids(self):
        """The ids of all jobs, up to 200."""
        return [job["job_id"] for job in self.http.get("/api/jobs?limit=200").json()["jobs"]]

    def wait(self, job, *statuses):
        """Wait until a job has ended, or has one of these statuses; gives its status."""
        wanted = statuses or ("completed", "failed", "cancelled")
        return wait_for(lambda: (found := self.status(job))["status"] in wanted and found)

    def events(self, job, last=None, stop=None):
        """(id, event, data) of a job's stream, up to its end or until stop(event)."""
        headers = {"Last-Event-ID": last} if last else {}
        found, entry = [], {}
        with self.http.stream("GET", f"/api/events/{job}", headers=headers) as answer:
            if answer.status_code == 204:
                return []
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name in ("id", "event", "data"):
                    entry[name] = value
                elif not line and "data" in entry:
                    found.append((entry["id"], entry["event"], json.loads(entry["data"])))
                    entry = {}
                    if stop and stop(found):
                        break
        return found

    def connect(self, said=b"", *, buffer=None):
        """A connection of its own, on which that was said; buffer: bytes that it takes before it is read."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        connection = socket.socket()
        connection.settimeout(SECONDS)
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.connect((host, int(port)))
        connection.sendall(said)
        return connection

    def stop(self, how=signal.SIGTERM):
        """End it; gives its exit code."""
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


def wait_for(what):
    """The first true value of what(); an error after a long time without one."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if value := what():
            return value
        time.sleep(0.02)
    raise TimeoutError(f"not within {SECONDS} s")
