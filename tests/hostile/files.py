"""Mutated files at the doors that read them: each is taken or refused in words, within seconds."""

from __future__ import annotations

import hashlib
import json
import random
import resource
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pngs
from bench.test_files import ENGINE, RUN, mutated
from faults.child import fake_render, small_sweep, toy_model
from models.test_profiles import PROFILE
from mutations import png_mutants, yaml_mutants
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.errors import DwlabError
from dwlab.models import profiles
from dwlab.models.identity import identify
from dwlab.pictures import recipes
from dwlab.runs.run import run
from dwlab.store.integrity import verify
from dwlab.store.store import Store

from . import checkpoints, exports, hub_files
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    Attempt = Callable[[bytes], bool]

YAML, PNG, BENCHMARKS, PROFILES, CHECKPOINTS, VAES = 600, 900, 150, 200, 300, 150
EXPORTS = 120
HUB_FILES = 60  # of each kind; each is a download
SLOW = 5  # seconds that one file may take
HUNG = 60  # seconds after which it is given up
MOST_MEMORY = 300  # MB that a kind of files may add to what the process holds
MOST_WORDS = 3000  # letters that a refusal may have
PLAIN = b"name: plain\nbase: {prompt: a red star, width: 64, height: 64, steps: 2}\n"
PICTURE = pngs.picture(pngs.text("parameters", "a red star\nSteps: 8, Seed: 5"))


class Hung(BaseException):
    """A file that is still being read; no handler of errors may take it for one."""


def trials(folder: Path, scale: float) -> Iterator[Tally]:
    """All kinds of files, `scale` times as many of each."""

    def some(number: int) -> int:
        return max(5, round(number * scale))

    pictures = list(png_mutants(some(PNG), seed=30))
    profile = keep_profile().read_bytes()
    yield judge(
        "experiment files (YAML)", PLAIN, yaml_mutants(some(YAML), seed=30), sweeping(folder)
    )
    yield judge("pictures (PNG), their recipes", PICTURE, pictures, read_recipe)
    yield stored(pictures, folder)
    yield judge(
        "benchmark files (JSON)", RUN.read_bytes(), benchmarks(some(BENCHMARKS)), comparing(folder)
    )
    yield judge(
        "profiles (JSON)",
        profile,
        spoiled_profiles(profile, some(PROFILES)),
        using_profiles(folder),
    )
    yield judge(
        "models in one file (safetensors)",
        checkpoints.whole(),
        checkpoints.mutants(checkpoints.whole(), some(CHECKPOINTS)),
        checkpoints.identifying(folder, in_words),
    )
    vae = checkpoints.whole(checkpoints.VAE_SHAPES)
    yield judge(
        "VAEs in one file (safetensors)",
        vae,
        checkpoints.mutants(vae, some(VAES)),
        checkpoints.lending(folder, in_words),
    )
    packed = exports.whole(folder)
    yield judge(
        "exported sweeps (zip)",
        packed,
        exports.mutants(packed, some(EXPORTS)),
        exports.importing(folder, command),
    )
    with hub_files.offered(folder) as hub:
        for name, kind in hub_files.KINDS.items():
            data = hub.whole[name]
            files = hub_files.mutants(name, data, some(HUB_FILES))
            yield judge(kind, data, files, hub.attempt(name, in_words))


def judge(kind: str, whole: bytes, files: Iterable[bytes], attempt: Attempt) -> Tally:
    """Try each file; attempt: whether one is taken. It must take the `whole` one, which is not counted."""
    assert attempt(whole), f"{kind}: a good file is refused"
    tally = Tally(
        kind, results={"taken": 0, "refused": 0, "tracebacks": 0, f"slower than {SLOW} s": 0}
    )
    slowest, memory = 0.0, peak_memory()
    for data in files:
        began = time.monotonic()
        tally.tried += 1
        try:
            with given_up_after(HUNG):
                tally.add("taken" if attempt(data) else "refused")
        except (Exception, Hung) as error:  # noqa: BLE001  # whatever it is, it is what is looked for
            tally.add("tracebacks")
            tally.faults.append(f"{kind} {tally.tried}: {error!r} for {data[:200]!r}")
        seconds = time.monotonic() - began
        slowest = max(slowest, seconds)
        if seconds > SLOW:
            tally.add(f"slower than {SLOW} s")
            tally.faults.append(f"{kind} {tally.tried}: {seconds:.1f} s for {data[:200]!r}")
    grown = peak_memory() - memory
    tally.results |= {"slowest": f"{1000 * slowest:.0f} ms", "memory grew by": f"{grown:.0f} MB"}
    if grown > MOST_MEMORY:
        tally.faults.append(f"{kind}: memory grew by {grown:.0f} MB")
    return tally


def peak_memory() -> float:
    """The most that this process ever held, in MB."""
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kilobytes here
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


@contextmanager
def given_up_after(seconds: float) -> Iterator[None]:
    """Raise Hung in what takes longer."""

    def give_up(*_: object) -> None:
        raise Hung(f"no end within {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def command(*words: object) -> bool:
    """Whether the command line takes these words; an error for anything but a refusal in words."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    taken = result.exit_code == 0
    if not taken:
        assert result.exit_code in (1, 2), result.exit_code
        assert in_words(result.stderr), result.stderr[:MOST_WORDS]
    return taken


def in_words(text: str) -> bool:
    """Whether a refusal says something, little, and nothing of Python's."""
    return 0 < len(text) < MOST_WORDS and "Traceback" not in text


def sweeping(folder: Path) -> Attempt:
    """A plan of the experiment that a file says."""
    path = folder / "trial.yaml"

    def attempt(data: bytes) -> bool:
        path.write_bytes(data)
        return command("sweep", path, "--dry-run", "--results", folder / "results")

    return attempt


def read_recipe(data: bytes) -> bool:
    """The recipe of a picture that is dropped on the prompt bench."""
    said = ""
    try:
        recipes.read(data).fit("shapes")
    except DwlabError as error:
        said = str(error) or "nothing"
    assert not said or in_words(said), said[:MOST_WORDS]
    return not said


def stored(pictures: list[bytes], folder: Path) -> Tally:
    """A sweep's results folder, to which such pictures came and which lost its rows; then a bit of every picture flips."""
    root, chance = folder / "stored", random.Random(30)
    made = run(small_sweep(str(toy_model(folder / "toy"))), results=root, render=fake_render).made
    for data in pictures:
        place(root, data)
    (root / "dwlab.sqlite").write_bytes(b"not a database" * 99)
    tally = Tally("the same in a results folder", len(pictures))
    with Store(root) as store:
        tally.results[f"of {made} rows read back beside them"] = rows = len(store.cells.rows())
    if rows < made or verify(root).damaged:
        tally.faults.append(
            f"{made - rows} rows were lost, {len(verify(root).damaged)} whole pictures called damaged"
        )
    paths = list(root.glob("images/*/*.png"))
    for path in paths:
        flip_a_bit(path, chance)
    tally.results[f"of {len(paths)} flipped bits found by dwlab verify"] = harmed = len(
        verify(root).damaged
    )
    if harmed < len(paths):
        tally.faults.append(f"{len(paths) - harmed} flipped bits were not found")
    return tally


def place(root: Path, data: bytes) -> None:
    """Put a picture where the store would, under the hash of its bytes."""
    name = hashlib.sha256(data).hexdigest()
    path = root / "images" / name[:2] / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def flip_a_bit(path: Path, chance: random.Random) -> None:
    """Change one bit of a file, or add one byte to an empty one."""
    data = bytearray(path.read_bytes() or b"\0")
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def benchmarks(count: int) -> Iterator[bytes]:
    """Measured runs and engine files, by turns, after one to three changes."""
    chance = random.Random(30)
    documents = [json.loads(path.read_text()) for path in (RUN, ENGINE)]
    for document in documents:
        document["rows"] = document["rows"][:3]
    for number in range(count):
        yield spoiled(documents[number % 2], chance)


def spoiled(document: object, chance: random.Random) -> bytes:
    """A document as JSON, after one to three changes."""
    for _ in range(chance.randint(1, 3)):
        if document:
            document = mutated(document, chance)
    return json.dumps(document).encode()


def comparing(folder: Path) -> Attempt:
    """The tables of `dwlab bench compare`."""
    path = folder / "trial.json"

    def attempt(data: bytes) -> bool:
        path.write_bytes(data)
        return command("bench", "compare", path)

    return attempt


def keep_profile() -> Path:
    """Keep a good profile of the embedded model; gives the file."""
    return profiles.keep(PROFILE, identify("shapes").weights, "cpu")


def spoiled_profiles(whole: bytes, count: int) -> Iterator[bytes]:
    """The file of this machine's profiles after one to three changes; every fourth is cut short as well."""
    chance = random.Random(30)
    for number in range(count):
        data = spoiled(json.loads(whole), chance)
        yield data[: chance.randrange(len(data))] if number % 4 == 0 else data


def using_profiles(folder: Path) -> Attempt:
    """A plan with the profile that the file holds."""
    path, plain = keep_profile(), folder / "plain.yaml"
    plain.write_bytes(PLAIN)

    def attempt(data: bytes) -> bool:
        path.write_bytes(data)
        return command(
            "sweep",
            plain,
            "--dry-run",
            "--profile",
            "fast",
            "--device",
            "cpu",
            "--results",
            folder / "results",
        )

    return attempt
