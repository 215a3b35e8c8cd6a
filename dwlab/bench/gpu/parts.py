"""The parts of `dwlab bench gpu`: what each runs, for how long at most, and what it writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
TESTS = PROJECT / "tests"
# of the small grids: as many as fill the forwards of such a model on a large GPU
SD15_CELLS = 40
SDXL_CELLS = 8


@dataclass(frozen=True)
class Part:
    """A command of its own process.

    words: after `python -m`. limit: seconds, then it is stopped. result: the file that it writes
    itself, if it does.
    """

    name: str
    words: tuple[str, ...]
    limit: float
    result: Path | None = None


def parts_of(folder: Path, device: str, *, rehearse: bool = False) -> list[Part]:
    """All parts, the most telling ones first. rehearse: in their smallest settings, with `shapes`."""
    return _rehearsal(folder, device) if rehearse else _parts(folder, device)


def _parts(folder: Path, device: str) -> list[Part]:
    both = "heterogeneous,homogeneous"
    usual = "loop,grouped,packed"
    sd15 = ("--model", "sd15-geometry", "--limit", str(SD15_CELLS))
    sdxl = ("--model", "sdxl-geometry", "--limit", str(SDXL_CELLS), "--rounds", "1")
    return [
        _tests(90),
        _engine(
            "sd15", folder, device, f"{usual},packed-fast", both, (*sd15, "--rounds", "2"), 260
        ),
        _engine("sdxl", folder, device, usual, both, sdxl, 180),
        _run(folder, device, HERE / "bench-gpu.yaml", 120),
        # each number of rows is compiled once, so that grids of several take minutes more
        _engine(
            "sd15-compiled",
            folder,
            device,
            "loop,packed-compiled",
            "homogeneous",
            (*sd15, "--rounds", "1"),
            240,
        ),
        _serve(folder, device, ("--requests", "64", "--clients", "16"), 100),
        _tune(folder, device, (), 300),
        _engine(
            "sdxl-compiled",
            folder,
            device,
            "loop,packed-fast,packed-compiled",
            "homogeneous",
            sdxl,
            300,
        ),
        _engine(
            "sd15-compiled-heterogeneous",
            folder,
            device,
            "loop,packed-compiled",
            "heterogeneous",
            (*sd15, "--rounds", "1"),
            450,
        ),
        _engine(
            "sdxl-compiled-heterogeneous",
            folder,
            device,
            "loop,packed-fast,packed-compiled",
            "heterogeneous",
            sdxl,
            450,
        ),
    ]


def _rehearsal(folder: Path, device: str) -> list[Part]:
    small = ("--limit", "2", "--rounds", "1", "--scale", "0.05")
    both = "heterogeneous,homogeneous"
    serve = ("--requests", "2", "--clients", "2", "--steps", "1", "--side", "64")
    return [
        _tests(60, "--collect-only"),
        _engine("small", folder, device, "loop,grouped,packed,packed-fast", both, small, 90),
        _run(folder, device, HERE / "bench-rehearsal.yaml", 60),
        _serve(folder, device, serve, 90),
        _tune(folder, device, ("--steps", "1", "--stages", "threads"), 180),
    ]


def _tests(limit: float, *options: str) -> Part:
    """The tests that are marked `gpu`, without the project's settings, which may ask for plugins.

    Other files of tests are left alone: they import what such a machine may lack.
    """
    files = [
        str(file)
        for file in sorted(TESTS.rglob("test_*.py"))
        if "@pytest.mark.gpu" in file.read_text("utf-8")
    ]
    settings = ("-c", "/dev/null", "--rootdir", str(PROJECT), "-o", f"pythonpath={TESTS}")
    words = ("pytest", *settings, "--import-mode=importlib", "-q", "-m", "gpu", *options, *files)
    return Part("tests", words, limit)


def _engine(
    name: str,
    folder: Path,
    device: str,
    engines: str,
    grids: str,
    options: tuple[str, ...],
    limit: float,
) -> Part:
    result = folder / f"engine-{name}.json"
    words = ("dwlab", "bench", "engine", "--device", device, "--engines", engines, "--grids", grids)
    return Part(f"engine-{name}", (*words, *options, "--json", str(result)), limit, result)


def _run(folder: Path, device: str, file: Path, limit: float) -> Part:
    words = ("dwlab", "bench", "run", str(file), "--device", device, "--results", str(folder))
    return Part("run", words, limit)


def _serve(folder: Path, device: str, options: tuple[str, ...], limit: float) -> Part:
    result = folder / "serve.json"
    words = ("dwlab", "bench", "serve", "--device", device, *options, "--json", str(result))
    return Part("serve", words, limit, result)


def _tune(folder: Path, device: str, options: tuple[str, ...], limit: float) -> Part:
    words = ("dwlab", "bench", "tune", "--quick", "--device", device, "--results", str(folder))
    return Part("tune", (*words, *options), limit)
