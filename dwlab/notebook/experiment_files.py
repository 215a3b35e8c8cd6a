"""The YAML files that a notebook can name."""

from __future__ import annotations

from pathlib import Path

from ..paths import project_folder


def find_file(name: str) -> Path | None:
    """The YAML file `name`, or None if there is none.

    It is looked for from here, then from the project's folder, then as `experiments/NAME.yaml`.
    """
    project = project_folder()
    candidates = (Path(name), project / name, project / "experiments" / f"{name}.yaml")
    return next((path for path in candidates if path.is_file()), None)


def searched_folders() -> str:
    """Where `find_file` looks, for error messages."""
    return f"{Path.cwd()} or {project_folder()}"


def sweep_files() -> list[Path]:
    """The sweeps of the project's `experiments` folder."""
    files = sorted((project_folder() / "experiments").glob("*.yaml"))
    return [path for path in files if not _is_benchmark(path)]


def benchmark_files() -> list[Path]:
    """The benchmarks of the project's `experiments` folder."""
    files = sorted((project_folder() / "experiments").glob("*.yaml"))
    return [path for path in files if _is_benchmark(path)]


def _is_benchmark(path: Path) -> bool:
    return path.name.startswith("bench-")
