"""Exported sweeps with changed bytes, texts or names: none may be taken that is not what it says."""

from __future__ import annotations

import io
import random
import shutil
import zipfile
from typing import TYPE_CHECKING

from faults.child import small_sweep, toy_model
from probed import probed_render

from dwlab.runs.run import run
from dwlab.spec.sweep import SweepSpec
from dwlab.store.integrity import verify
from dwlab.workflows.archive.exporting import export

from .payloads import PAYLOADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TEXTS = ("rows.jsonl", "sweep.json", "experiment.yaml")
PIECES = ("../", "/etc/passwd", '"', "}", "[", "null", "-1", "1e999", "NaN", "\\ud800", "0" * 70)
NAMES = ("../../escape.png", "/tmp/escape.png", "images/..", "C:\\escape.png", "Rows.jsonl", "a\nb")


def whole(folder: Path) -> bytes:
    """A zip with a small sweep."""
    root = folder / "exported"
    spec = small_sweep(str(toy_model(folder / "exported-toy")))
    probed = SweepSpec.from_dict(spec.as_dict() | {"probes": ["latent_norm", "x0"]})
    run(probed, results=root, render=probed_render)
    path = folder / "exported.zip"
    export(root, "small", path)
    return path.read_bytes()


def mutants(data: bytes, count: int) -> Iterator[bytes]:
    """`count` zips: some bytes changed, a piece put into a text, a picture changed, or a file added."""
    chance = random.Random(30)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    pictures = [name for name in files if name.startswith("images/")]
    for number in range(count):
        changed = dict(files)
        kind = number % 4
        if kind == 0:
            yield _with_changed_bytes(data, chance)
            continue
        if kind == 1:
            name = chance.choice(TEXTS)
            piece = chance.choice([*PIECES, *(text for _, text in PAYLOADS)])
            at = chance.randrange(len(files[name]))
            changed[name] = files[name][:at] + piece.encode("utf-8", "replace") + files[name][at:]
        elif kind == 2:
            name = chance.choice(pictures)
            changed[name] = _with_changed_bytes(files[name], chance)
        else:
            changed[chance.choice(NAMES)] = b"x"
        yield _zipped(changed)


def _with_changed_bytes(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data[: chance.choice([len(data), chance.randint(0, len(data))])])
    for _ in range(min(len(changed), chance.randint(1, 20))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def importing(folder: Path, command: Callable[..., bool]) -> Callable[[bytes], bool]:
    """An import into a new results folder, whose pictures must then be whole."""
    place = folder / "imports"
    path = place / "sweep.zip"
    root = place / "results"

    def attempt(data: bytes) -> bool:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        path.write_bytes(data)
        is_taken = command("import", path, "--results", root)
        assert not root.exists() or verify(root).good
        assert {each.name for each in place.iterdir()} <= {path.name, root.name}
        return is_taken

    return attempt
