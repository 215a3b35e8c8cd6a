"""A sweep packed for others: recipes, pictures, tables, pages, and what identifies code and models."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._util import yamlfile
from ..._util.atomic import make_folder, temporary_name
from ...errors import InvalidInput, ModelError, StoreError
from ...paths import experiment_folder
from ...runs.results import MEASURED
from ...runs.search_answer import SEARCH, is_searched, load_answer
from ...spec.inputs import stored_paths
from ...spec.names import CODE
from ...spec.portable import PortableSpec
from ...store.archived_cells import ExperimentRow, archived_cells, experiment_row
from ...store.database import explained
from ...store.experiments import never_ran
from ...store.store import Store, open_existing
from . import layout
from .code_hash import code_hash
from .code_texts import code_texts
from .crate import Contents, metadata
from .measured import with_code_by_hash
from .needs import Needs
from .pages import pages, portable_table
from .rows import line_of
from .sinks import sink
from .votes import votes_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ...runs.search_answer import SearchAnswer
    from ...store.archived_cells import ArchivedCell
    from ...store.vote import Vote
    from .sinks import Sink

    Follow = Callable[[list[str]], Iterable[str]]

_README = """{name}: a sweep of diffusion models, exported by dwlab {version}

{pictures:,} pictures. Start with pages/report.html and pages/viewer.html in a browser, or
with table.csv.

experiment.yaml       what was asked for
rows.jsonl            a row per picture: recipe, versions, machine, times, metrics, stars
images/               the pictures; each is named by the SHA-256 of its file, and has its recipe inside;
                      a .webp beside one is the film of its steps
inputs/               pictures that others start from, named by the hash of their pixels
code/                 the methods that made pictures, to be read; `dwlab import` leaves them here
needs.json            the models, LoRAs and other files that made the pictures, by their hashes; they
                      are not in here
manifest-sha256.txt   the SHA-256 of each file: sha256sum -c manifest-sha256.txt
ro-crate-metadata.json   what archives read (https://w3id.org/ro/crate/)

With dwlab: `dwlab import FOLDER_OR_ZIP`, then `dwlab verify {name} --sample 20` makes some of the
pictures again.
"""


@dataclass(frozen=True)
class Export:
    """What was exported. left_out: why rows were left out, by key."""

    path: Path
    cells: int
    pictures: int
    bytes: int
    left_out: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        size = f"{self.bytes / 1e6:,.1f} MB"
        return f"{self.path}: {self.cells:,} cells, {self.pictures:,} pictures, {size}"

    def notes(self) -> list[str]:
        """What people should know of rows that were left out."""
        counts = Counter(self.left_out.values())
        return [f"{count:,} rows are left out: {reason}" for reason, count in counts.most_common()]


@dataclass
class _Collected:
    """What the rows of a sweep tell while they are written."""

    spec: PortableSpec
    needs: Needs = field(default_factory=Needs)
    cells: int = 0
    images: dict[str, int] = field(default_factory=dict)
    films: dict[str, str] = field(default_factory=dict)
    inputs: set[str] = field(default_factory=set)
    code: set[str] = field(default_factory=set)
    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: str = ""
    measured: dict[str, dict[str, Any]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def export(root: Path, name: str, output: Path | None = None, *, follow: Follow = iter) -> Export:
    """Pack an experiment of the results folder `root`: see `layout` for what is where.

    output: a path ending in .zip, or that of a folder which is not there yet; by default NAME.zip
    here. The same sweep gives the same bytes. follow: passes the pictures on one by one, for a
    progress bar.

    Pictures are streamed. Raises InvalidInput for an experiment that never ran here or has no
    outcome yet, StoreError for a picture that is missing or damaged, OSError if the output cannot be
    written.
    """
    path = (output or Path(f"{name}.zip")).expanduser()
    experiment = _experiment(root, name)
    # the output first: what is wrong with it is told before the pages are made
    with contextlib.ExitStack() as stack, sink(path) as out:
        with explained(root):
            collected, texts, files = _prepared(stack, root, name, experiment)
        _write(out, root, collected, texts, files, follow)
    return Export(path, collected.cells, len(collected.images), _size(path), collected.left_out)


def _prepared(
    stack: contextlib.ExitStack, root: Path, name: str, experiment: ExperimentRow
) -> tuple[_Collected, dict[str, bytes], dict[str, Path]]:
    """What the rows tell, and the files of an export but its pictures: their bytes or their paths."""
    folder = experiment_folder(root, name)
    rows = _temporary(stack, folder)
    collected, votes = _read(root, name, experiment, rows)
    answer = load_answer(root, name) if is_searched(collected.spec.as_dict()) else None
    texts = _texts(name, experiment, collected, votes, answer)
    texts |= code_texts(root, collected.code)
    files = {layout.ROWS: rows}
    scratch = folder / temporary_name("")
    stack.callback(shutil.rmtree, scratch, ignore_errors=True)
    portable = experiment._replace(spec=json.dumps(collected.spec.as_dict()))
    table = portable_table(rows, scratch, name, portable, root)
    table.attrs[MEASURED] = collected.measured
    table.attrs[SEARCH] = answer
    for page, temporary in pages(table, collected.spec.as_dict(), name, folder):
        stack.callback(temporary.unlink, missing_ok=True)
        files[page] = temporary
    return collected, _with_metadata(name, experiment, collected, texts, files), files


def _temporary(stack: contextlib.ExitStack, folder: Path) -> Path:
    """A path in the experiment's folder, of a file that is removed at the end."""
    make_folder(folder)
    path = folder / temporary_name(".jsonl")
    stack.callback(path.unlink, missing_ok=True)
    return path


def _experiment(root: Path, name: str) -> ExperimentRow:
    """The row of an experiment; raises InvalidInput for one that never ran here."""
    with open_existing(root) as store:
        experiment = experiment_row(store.file, name) if store else None
        if experiment is None:
            raise never_ran(root, name, list(store.experiments.specs()) if store else [])
    return experiment


def _read(
    root: Path, name: str, experiment: ExperimentRow, rows: Path
) -> tuple[_Collected, list[Vote]]:
    """Write the rows of an experiment to a file, and collect what they tell."""
    with Store(root, read=True) as store:
        measured = store.measurements.facts(name)
        spec = with_code_by_hash(json.loads(experiment.spec), measured)
        collected = _Collected(PortableSpec(spec), measured=measured)
        collected.code |= {facts["code"] for facts in measured.values() if "code" in facts}
        with rows.open("w", encoding="utf-8", newline="\n") as lines:
            for line in _lines(store, name, collected):
                lines.write(f"{line}\n")
        votes = store.votes.of(name)
    if not collected.cells:
        reasons = next(iter(collected.left_out.values()), "run the sweep first")
        raise InvalidInput("experiment", name, f"one with finished pictures: {reasons}")
    return collected, votes


def _lines(store: Store, name: str, collected: _Collected) -> Iterator[str]:
    for cell in archived_cells(store.file, name):
        try:
            line, recipe = line_of(cell)
        except (InvalidInput, ModelError) as error:
            collected.left_out[cell.row.key] = str(error)
        else:
            _collect(collected, cell, recipe)
            yield line


def _collect(collected: _Collected, cell: ArchivedCell, recipe: dict[str, Any]) -> None:
    row = cell.row
    collected.cells += 1
    collected.spec.learn(json.loads(cell.axes), recipe)
    collected.needs.add(row, recipe)
    collected.inputs.update(stored_paths(recipe))
    collected.code |= {recipe[name]["code"] for name in CODE if name in recipe}
    collected.packages.setdefault(row.versions, json.loads(row.versions))
    collected.ended = max(collected.ended, row.created)
    if row.image is not None:
        collected.images[row.image] = row.bytes or 0
    if cell.film:
        collected.films[cell.film.path] = cell.film.sha256


def _texts(
    name: str,
    experiment: ExperimentRow,
    collected: _Collected,
    votes: list[Vote],
    answer: SearchAnswer | None,
) -> dict[str, bytes]:
    """The small files of an export by name."""
    sweep = {
        "format": layout.FORMAT,
        "version": layout.VERSION,
        "name": name,
        "created": experiment.created,
        "seeds": json.loads(experiment.seeds),
        "cells": collected.cells,
        "pictures": len(collected.images),
        "code": code_hash(),
        "made_with": [collected.packages[text] for text in sorted(collected.packages)],
    }
    if collected.measured:
        sweep[MEASURED] = collected.measured
    if answer is not None:
        sweep[SEARCH] = asdict(answer)
    texts = {
        layout.EXPERIMENT: yamlfile.dump(collected.spec.as_dict()).encode(),
        layout.SWEEP: _json(sweep),
        layout.NEEDS: _json(collected.needs.as_list()),
    }
    if votes:
        texts[layout.VOTES] = votes_text(votes).encode()
    version = sweep["code"]["dwlab"]
    text = _README.format(name=name, version=version, pictures=len(collected.images))
    return {layout.README: text.encode(), **texts}


def _json(value: object) -> bytes:
    return f"{json.dumps(value, indent=1, ensure_ascii=False)}\n".encode()


def _with_metadata(
    name: str,
    experiment: ExperimentRow,
    collected: _Collected,
    texts: dict[str, bytes],
    files: dict[str, Path],
) -> dict[str, bytes]:
    sizes = {file: len(data) for file, data in texts.items()}
    sizes |= {file: path.stat().st_size for file, path in files.items()}
    contents = Contents(
        name=name,
        created=experiment.created,
        ended=collected.ended,
        pictures=len(collected.images),
        inputs=len(collected.inputs),
        files=sizes,
        packages=[collected.packages[text] for text in sorted(collected.packages)],
    )
    return {**texts, layout.CRATE: metadata(contents)}


def _write(
    out: Sink,
    root: Path,
    collected: _Collected,
    texts: dict[str, bytes],
    files: dict[str, Path],
    follow: Follow,
) -> None:
    for name, data in texts.items():
        out.add(name, io.BytesIO(data), len(data))
    for name, path in files.items():
        with path.open("rb") as file:
            out.add(name, file, path.stat().st_size)
    for image in follow(sorted(collected.images)):
        _add_picture(out, root, image)
        if out.sums[image] != Path(image).stem:
            raise _unusable(root, image, "damaged")
    for film, digest in sorted(collected.films.items()):
        _add_picture(out, root, film)
        if out.sums[film] != digest:
            raise _unusable(root, film, "damaged")
    for picture in sorted(collected.inputs):
        _add_picture(out, root, picture)
    manifest = "".join(f"{digest}  {name}\n" for name, digest in out.sums.items()).encode()
    out.add(layout.MANIFEST, io.BytesIO(manifest), len(manifest))


def _add_picture(out: Sink, root: Path, picture: str) -> None:
    path = root / picture
    if path.is_symlink() or not path.is_file():
        raise _unusable(root, picture, "missing")
    with path.open("rb") as file:
        out.add(picture, file, path.stat().st_size)


def _unusable(root: Path, picture: str, state: str) -> StoreError:
    return StoreError(
        f"{root / picture} is {state}; `dwlab verify` lists all such pictures, and running the sweep again "
        "(for a film, with --fill-traces) makes them again"
    )


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
