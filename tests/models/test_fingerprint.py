"""A model's identity is what its files hold."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket

import pytest

from dwlab.errors import ModelError
from dwlab.models import fingerprint
from dwlab.spec.catalog import SHAPES_FOLDER

FILES = {
    "model_index.json": '{"_class_name": "DDPMPipeline", "scheduler": ["diffusers", "DDIMScheduler"]}',
    "scheduler/scheduler_config.json": '{"num_train_timesteps": 1000}',
    "unet/weights.safetensors": "w",
    "tokenizer/merges.txt": "a b\n",
    "tokenizer/spiece.model": "s",
    "README.md": "not counted",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "fixed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "fixed"


def test_fingerprints_stay_what_they_were(folder):
    """They are in the keys of all pictures that were ever made."""
    assert (
        fingerprint.of_folder(folder)
        == "3b1d32e66093520e53a553a517f60d910c7aa5788b3eeeaafe43585e13c03e2e"
    )
    assert (
        fingerprint.of_folder(SHAPES_FOLDER)
        == "bd2f5aaa6a81bd1155b914a2a2bf9d37d28cbbbdacfff02600ab0d5e5b95badd"
    )


def test_files_behind_links_to_folders_count(folder, tmp_path):
    plain = fingerprint.of_folder(folder)
    shared = tmp_path / "shared"
    shared.mkdir()
    (folder / "unet").rename(shared / "unet")
    (folder / "unet").symlink_to(shared / "unet")
    assert fingerprint.of_folder(folder) == plain
    (shared / "unet" / "weights.safetensors").write_text("other")
    assert fingerprint.of_folder(folder) != plain


def test_folders_that_share_a_linked_part_and_differ_in_another_differ(tmp_path):
    prints = set()
    for name in ("first", "second"):
        vae = tmp_path / f"vae of {name}"
        vae.mkdir()
        (vae / "model.safetensors").write_text(name)
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model_index.json").write_text("{}")
        (folder / "vae").symlink_to(vae)
        prints.add(fingerprint.of_folder(folder))
    assert len(prints) == 2


def test_the_files_of_a_snapshot_are_links_and_count_as_what_they_lead_to(folder, tmp_path):
    plain = fingerprint.of_folder(folder)
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    for number, path in enumerate(sorted(folder.rglob("*.*"))):
        path.rename(blobs / str(number))
        path.symlink_to(blobs / str(number))
    assert fingerprint.of_folder(folder) == plain


def test_two_links_to_one_folder_are_fine(folder):
    (folder / "text_encoder").symlink_to("unet")
    (folder / "text_encoder_2").symlink_to(folder / "unet")
    assert fingerprint.of_folder(folder)


def inside(folder):
    (folder / "vae").symlink_to(".")


def to_itself(folder):
    (folder / "vae").symlink_to("vae")


def to_the_parent(folder):
    (folder / "unet" / "up").symlink_to("..")


def far_above(folder):
    (folder / "vae").symlink_to("/")


def above_the_folder(folder):
    (folder / "vae").symlink_to(folder.parent)


def in_a_circle(folder):
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "back").symlink_to(folder / "unet")
    (folder / "unet" / "out").symlink_to(outside)


def of_two_links(folder):
    (folder / "vae").symlink_to("text_encoder")
    (folder / "text_encoder").symlink_to("vae")


def through_a_file(folder):
    (folder / "config.json").symlink_to("config.json")


@pytest.mark.parametrize(
    "loop",
    [
        inside,
        to_itself,
        to_the_parent,
        far_above,
        above_the_folder,
        in_a_circle,
        of_two_links,
        through_a_file,
    ],
    ids=lambda loop: loop.__name__,
)
def test_a_loop_of_links_is_refused_by_name(loop, folder):
    loop(folder)
    with pytest.raises(
        ModelError, match=r"is a link (to a folder that contains it|that leads back to itself)"
    ):
        fingerprint.of_folder(folder)


def test_links_that_multiply_are_refused(folder):
    """Twenty folders, each with two links to the next: a million ways down."""
    for level in range(20):
        deeper = folder.parent / f"level {level + 1}"
        deeper.mkdir()
        above = folder if level == 0 else folder.parent / f"level {level}"
        (above / "left").symlink_to(deeper)
        (above / "right").symlink_to(deeper)
    with pytest.raises(ModelError, match="more than 10,000 files and folders"):
        fingerprint.of_folder(folder)


def test_a_link_to_a_file_that_is_gone_is_refused(folder):
    (folder / "unet" / "more.safetensors").symlink_to("gone")
    with pytest.raises(ModelError, match="a link to a file that does not exist"):
        fingerprint.of_folder(folder)


def as_a_pipe(path):
    os.mkfifo(path)


def as_a_device(path):
    path.symlink_to("/dev/zero")


def as_a_socket(path):
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "make", [as_a_pipe, as_a_device, as_a_socket], ids=lambda make: make.__name__
)
@pytest.mark.parametrize(
    "name", ["unet/config.json", "unet/more.safetensors", "tokenizer/chat_template.jinja"]
)
def test_what_is_no_regular_file_is_refused_without_reading_it(make, name, folder):
    make(folder / name)
    with pytest.raises(ModelError, match=r"cannot be read: it is not a regular file"):
        fingerprint.of_folder(folder)


def test_a_template_of_prompts_counts(folder):
    plain = fingerprint.of_folder(folder)
    (folder / "tokenizer" / "chat_template.jinja").write_text("{{ messages }}")
    assert fingerprint.of_folder(folder) != plain


def test_a_file_replaced_by_one_of_its_size_and_date_counts_as_changed(folder, monkeypatch):
    monkeypatch.setattr(
        fingerprint, "SETTLED", -1.0
    )  # keep hashes of files that were written just now
    path = folder / "unet" / "weights.safetensors"
    before, times = fingerprint.of_folder(folder), path.stat()
    path.unlink()
    path.write_text("v")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fingerprint.of_folder(folder) != before


def test_a_kept_hash_spares_reading_a_large_file_again(folder, monkeypatch):
    monkeypatch.setattr(fingerprint, "SETTLED", -1.0)
    before = fingerprint.of_folder(folder)
    monkeypatch.setattr(hashlib, "file_digest", None)
    assert fingerprint.of_folder(folder) == before


def test_hashes_that_an_older_version_kept_do_no_harm(folder):
    path = fingerprint._hashes_path()
    path.parent.mkdir(parents=True)
    for kept in ('{"/a|1|2": "abc"}', "[]", "{", '{"a": [1]}'):
        path.write_text(kept)
        assert fingerprint.of_folder(folder)
