"""Runs cases in child processes that die at a chosen point, and reports the damage they left."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from typing import Any, NamedTuple

from PIL import Image

from dwlab.pictures.png import pixel_hash
from dwlab.store.store import Store

from .child import toy_model

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent


class Call(NamedTuple):
    """A file call that a child made: its number, name and path."""

    number: int
    name: str
    path: str

    @property
    def kind(self) -> str:
        """The call and the kind of file, without what differs between runs."""
        name = Path(self.path).name
        file = "temporary" if name.startswith(".tmp-") else Path(self.path).suffix or "folder"
        return f"{self.name} {file}"


@dataclass(frozen=True)
class Ended:
    """How a child ended. code: exit status, or minus a signal. acked: keys that it reported as committed."""

    code: int
    acked: list[str]
    calls: list[Call]
    report: dict[str, Any]
    out: str
    err: str

    @property
    def error(self) -> str:
        return str(self.report.get("error", ""))


@dataclass
class Damage:
    """What is wrong with a folder after a restart. Each must be empty."""

    lost: list[str] = field(default_factory=list)  # acknowledged, but no row
    duplicated: list[str] = field(
        default_factory=list
    )  # more than one row, or finished more than once
    torn: list[str] = field(
        default_factory=list
    )  # pictures that are not whole, or differ from their row
    temporary: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.duplicated or self.torn or self.temporary)


class Forge:
    """Children with faults, forked from one process that has imported everything already."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.model = str(toy_model(folder / "toy"))
        shim = folder / "io_faults.so"
        subprocess.run(
            ["cc", "-O1", "-shared", "-fPIC", "-o", shim, HERE / "io_faults.c", "-ldl"], check=True
        )
        self._numbers = itertools.count()
        path = os.pathsep.join(
            filter(None, (str(REPOSITORY), str(HERE.parent), os.environ.get("PYTHONPATH")))
        )
        extra = {
            "LD_PRELOAD": str(shim),
            "PYTHONPATH": path,
            "XDG_CACHE_HOME": str(folder / "cache"),
            "MPLBACKEND": "agg",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.child"], env=os.environ | extra, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(folder / "child.err").open("w"),
        )  # fmt: skip
        if self._process.stdout.readline() != "ready\n":  # type: ignore[union-attr]
            raise RuntimeError((folder / "child.err").read_text())

    def run(
        self,
        root: Path,
        work: str = "sweep",
        *,
        argument: Any = None,
        fault: str = "",
        kill_after: float | None = None,
        signal: int = SIGKILL,
    ) -> Ended:
        """One case in a child of its own; see child.py for works, io_faults.c for faults."""
        stem = self.folder / str(next(self._numbers))
        acks, log, report = (stem.with_suffix(f".{name}") for name in ("acks", "log", "report"))
        case = {
            "work": work, "root": str(root), "argument": self.model if argument is None else argument, "fault": fault,
            "kill_after": kill_after, "signal": signal, "acks": str(acks), "log": str(log), "report": str(report),
        }  # fmt: skip
        print(json.dumps(case), file=self._process.stdin, flush=True)
        code = json.loads(self._process.stdout.readline())  # type: ignore[union-attr]
        calls = [
            Call(int(n), name, path)
            for n, name, path in (line.split(" ", 2) for line in _lines(log))
        ]
        answer = json.loads(report.read_text() or "{}") if report.exists() else {}
        out, err = ("\n".join(_lines(Path(f"{report}.{name}"))) for name in ("stdout", "stderr"))
        return Ended(code, _lines(acks), calls, answer, out, err)

    def close(self) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait(timeout=120)


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def store_damage(root: Path, acked: set[str], *, alone: bool = True) -> Damage:
    """Open the store again, as a restart does, and look for damage.

    alone: one process ran at a time. Otherwise each of them may finish a cell that they share; the first
    result is kept.
    """
    damage = Damage()
    with Store(root) as store:
        rows = [row for row in store.cells.rows() if row["status"] == "ok"]
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as sql:
        assert sql.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        attempts = Counter(
            key for (key,) in sql.execute("SELECT key FROM attempts WHERE status = 'ok'")
        )
    keys = Counter(row["key"] for row in rows)
    damage.lost = sorted(acked - set(keys))
    limit = 1 if alone else attempts.total()
    damage.duplicated = [
        key for key, times in (keys + attempts).items() if keys[key] > 1 or attempts[key] > limit
    ]
    names = {row["image"]: row["pixels"] for row in rows}
    for image in {*names, *(p.relative_to(root).as_posix() for p in root.glob("images/*/*.png"))}:
        pixels = pixels_of(root / image)
        if (
            pixels is None
            or names.get(image, pixels) != pixels
            or _digest(root / image) != Path(image).stem
        ):
            damage.torn.append(image)
    damage.temporary = [path.name for path in root.rglob(".tmp-*")]
    return damage


def naive_damage(root: Path, acked: set[str]) -> Damage:
    """The damage that the naive control left."""
    try:
        keys = Counter(json.loads((root / "rows.json").read_text()))
    except (OSError, ValueError):
        keys = Counter()
    torn = [path.name for path in root.glob("*.png") if pixels_of(path) is None]
    return Damage(
        sorted(acked - set(keys)), [key for key, times in keys.items() if times > 1], torn
    )


def pixels_of(path: Path) -> str | None:
    """The pixel hash of a picture file; None if it is missing or not whole."""
    try:
        with Image.open(path) as image:
            return pixel_hash(image)
    except (OSError, SyntaxError):
        return None


def finished(root: Path) -> dict[str, str]:
    """Key -> pixel hash of every finished cell."""
    with Store(root) as store:
        return {row["key"]: row["pixels"] for row in store.cells.rows() if row["status"] == "ok"}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
