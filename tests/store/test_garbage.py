"""What nothing holds is found and removed; what anything holds, or may need soon, stays."""

from __future__ import annotations

import json
import os
import shutil
import time

import pytest
from faults.child import toy_model
from results_folders import fill, run_sweep

from dwlab._util.unused_files import remove_unchanged, renew
from dwlab.errors import InUse, InvalidInput, StoreError
from dwlab.store import experiment_removal, garbage, kept_code
from dwlab.store.experiment_lock import experiment_lock
from dwlab.store.garbage import find_garbage, remove_garbage
from dwlab.store.images import save_picture
from dwlab.store.integrity import verify
from dwlab.store.store import Store

DIGEST = "ab" * 32


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(toy_model(tmp_path_factory.mktemp("model") / "toy"))


@pytest.fixture(scope="module")
def filled(model, tmp_path_factory):
    return fill(model, tmp_path_factory.mktemp("filled") / "results")


@pytest.fixture
def root(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "results")


def keys(root, experiment=None):
    with Store(root) as store:
        return [row["key"] for row in store.cells.rows(experiment)]


def pictures(root):
    return {path.relative_to(root).as_posix() for path in root.glob("images/*/*.png")}


def remove(root, name):
    experiment_removal.remove(root, experiment_removal.parts(root, name))


def collect(root, **options):
    return remove_garbage(root, find_garbage(root, **options))


def mark(root, key, name, value):
    with Store(root) as store:
        store.history.set_mark(key, name, value)


def make_old(path):
    time_then = time.time() - 2 * 86_400
    os.utime(path, (time_then, time_then))


def start_picture(root, digest=DIGEST):
    path = root / "inputs" / f"{digest}.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"pixels")
    make_old(path)
    return path


def shrink(model, root):
    """Run `first` again with one seed less, so that two cells belong to no experiment."""
    run_sweep(model, root, "first", [1, 2])


# ---- an experiment


def test_an_experiment_goes_with_its_own_pictures_and_leaves_those_of_others(root):
    shared = set(keys(root, "first")) & set(keys(root, "second"))
    (root / "first" / "report.html").write_text("x")
    remove(root, "first")
    assert not (root / "first").exists()
    assert keys(root, "first") == []
    assert len(keys(root, "second")) == 4
    assert len(shared) == 2
    assert len(pictures(root)) == 4
    assert verify(root).good
    assert not find_garbage(root)


@pytest.mark.parametrize(("name", "value"), [("stars", 3), ("pin", 1), ("note", "good")])
def test_a_marked_picture_stays_without_its_experiment(name, value, root):
    marked = (set(keys(root, "first")) - set(keys(root, "second"))).pop()
    mark(root, marked, name, value)
    remove(root, "first")
    assert marked in keys(root)
    assert not collect(root)
    assert verify(root).good


@pytest.mark.parametrize(("name", "value"), [("stars", 0), ("hide", 1)])
def test_a_mark_that_was_taken_back_or_hides_holds_nothing(name, value, root):
    marked = (set(keys(root, "first")) - set(keys(root, "second"))).pop()
    mark(root, marked, name, value)
    remove(root, "first")
    assert marked not in keys(root)


def test_an_experiment_that_runs_is_not_removed(root):
    experiment = experiment_removal.parts(root, "first")
    with experiment_lock(root, "first"), pytest.raises(InUse):
        experiment_removal.remove(root, experiment)
    assert len(keys(root, "first")) == 4


@pytest.mark.parametrize("name", ["nosuch", "explore", "api", "../first", "images"])
def test_what_is_no_experiment_is_not_removed(name, root):
    with pytest.raises(InvalidInput):
        experiment_removal.parts(root, name)
    assert len(pictures(root)) == 6


def test_a_link_in_the_folder_of_an_experiment_is_removed_but_not_what_it_leads_to(root, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    (root / "first" / "link").symlink_to(tmp_path / "mine")
    remove(root, "first")
    assert (tmp_path / "mine" / "thesis.txt").exists()


@pytest.mark.parametrize("call", range(1, 3))
def test_a_crash_after_the_rows_of_an_experiment_went_is_mended_by_the_next_call(
    call, root, monkeypatch
):
    fail_at(monkeypatch, call)
    with pytest.raises(StoreError):
        remove(root, "first")
    monkeypatch.undo()
    assert verify(root).missing == []
    remove(root, "first")
    assert not (root / "first").exists()
    for path in root.glob("images/*/*.png"):
        make_old(path)
    collect(root)
    assert len(pictures(root)) == 4
    assert verify(root).good


def fail_at(monkeypatch, call):
    """Let the disk fail at the call that removes a file."""
    calls = iter(range(1, 100))

    def failing(path, modified):
        if next(calls) == call:
            raise OSError(5, "Input/output error")
        return remove_unchanged(path, modified)

    monkeypatch.setattr(garbage, "remove_unchanged", failing)


# ---- garbage


def test_nothing_is_garbage_in_a_folder_as_sweeps_leave_it(root, tmp_path):
    assert not find_garbage(root)
    assert not find_garbage(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_cells_that_left_their_experiment_are_found_and_then_removed(model, root):
    shrink(model, root)
    found = find_garbage(root)
    assert len(found.cells) == len(found.pictures) == 2
    assert len(keys(root)) == len(pictures(root)) == 6
    removed = remove_garbage(root, found)
    assert removed.cells == found.cells
    assert sum(file.bytes for file in removed.pictures) > 0
    assert len(keys(root)) == len(pictures(root)) == 4
    assert verify(root).good
    assert not find_garbage(root)


def test_rows_about_removed_cells_are_removed_with_them(model, root):
    shrink(model, root)
    collect(root)
    with Store(root) as store:
        for table in ("metrics", "marks", "attempts"):
            statement = f"SELECT key FROM {table} WHERE key NOT IN (SELECT key FROM cells)"
            assert store.file.tuples(statement) == []


def test_a_cell_that_is_needed_again_meanwhile_stays(model, root):
    shrink(model, root)
    found = find_garbage(root)
    run_sweep(model, root, "first", [0, 2])
    removed = remove_garbage(root, found)
    assert not removed
    assert len(keys(root, "first")) == 4
    assert verify(root).good


@pytest.mark.parametrize("call", range(1, 3))
def test_a_crash_leaves_no_row_without_its_picture(call, model, root, monkeypatch):
    shrink(model, root)
    fail_at(monkeypatch, call)
    with pytest.raises(StoreError):
        collect(root)
    monkeypatch.undo()
    assert verify(root).missing == []
    for path in root.glob("images/*/*.png"):
        make_old(path)
    collect(root)
    assert len(pictures(root)) == 4


def test_a_file_without_a_row_stays_for_a_day(root):
    path = root / save_picture(root, b"a picture whose row is not committed yet")
    assert not collect(root)
    make_old(path)
    assert [file.path for file in collect(root).pictures] == [path]
    assert not path.exists()


def test_a_file_that_is_saved_again_while_garbage_is_removed_stays(root):
    path = root / save_picture(root, b"a picture without a row")
    make_old(path)
    found = find_garbage(root)
    save_picture(root, b"a picture without a row")
    assert not remove_garbage(root, found)
    assert path.read_bytes() == b"a picture without a row"


def test_a_file_that_is_gone_is_neither_renewed_nor_removed(tmp_path):
    assert not renew(tmp_path / "gone")
    assert not remove_unchanged(tmp_path / "gone", 0)


# ---- start pictures


def test_a_start_picture_that_nothing_names_is_removed_after_a_day(root):
    path = start_picture(root)
    young = root / "inputs" / f"{'cd' * 32}.png"
    young.write_bytes(b"pixels")
    assert [file.path for file in collect(root).inputs] == [path]
    assert not path.exists()
    assert young.exists()


def test_a_start_picture_stays_that_a_waiting_request_or_an_experiment_names(root):
    requested, swept = start_picture(root), start_picture(root, "cd" * 32)
    with Store(root) as store:
        spec = {"name": "waiting", "base": {"image": f"sha256:{swept.stem}"}}
        store.experiments.enter("waiting", spec)
        request = json.dumps({"params": [{"image": f"sha256:{requested.stem}"}]})
        with store.file.transaction() as sql:
            sql.execute(
                "INSERT INTO jobs (id, request, status, created) VALUES ('1', ?, 'queued', '')",
                [request],
            )
    assert not collect(root)
    assert requested.exists()
    assert swept.exists()


def test_code_that_no_row_names_is_removed_after_a_day(root):
    unused, named = (root / "_code" / f"{digest}.py" for digest in ("ab" * 32, "cd" * 32))
    for path in (unused, named):
        kept_code.keep(root, path.stem, "NUMBER = 1\n")
        os.utime(path, (0, 0))
    young = root / "_code" / f"{'ef' * 32}.py"
    kept_code.keep(root, young.stem, "NUMBER = 1\n")
    params = json.dumps({"method": {"name": "own", "code": named.stem}}, separators=(",", ":"))
    with Store(root) as store, store.file.transaction() as sql:
        sql.execute("UPDATE cells SET params = ? WHERE key = ?", [params, keys(root)[0]])
    assert [file.path for file in collect(root).inputs] == [unused]
    assert not unused.exists()
    assert named.exists()
    assert young.exists()


def test_start_pictures_stay_while_an_experiment_runs(root):
    path = start_picture(root)
    found = find_garbage(root)
    with experiment_lock(root, "second"):
        removed = remove_garbage(root, found)
    assert "'second'" in removed.note
    assert path.exists()


# ---- a store that was lost


def test_pictures_stay_whose_rows_were_read_back_until_that_is_asked_for(root):
    (root / "dwlab.sqlite").unlink()
    with Store(root):
        pass
    found = find_garbage(root)
    assert not found
    assert found.read_back == 6
    assert not collect(root)
    assert len(pictures(root)) == 6
    collect(root, read_back=True)
    assert pictures(root) == set()
