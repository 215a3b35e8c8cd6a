"""Weights that are missing, cut short or broken are found before anything loads."""

from __future__ import annotations

import os
import shutil

import pytest
import safetensors.torch
from checkpoint_folders import write

from dwlab.errors import ModelError
from dwlab.models.identity import identify

WEIGHTS = "diffusion_pytorch_model.safetensors"


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def sharded(folder, lost=None):
    """Make the weights of the unet two shards."""
    tensors = list(safetensors.torch.load_file(folder / "unet" / WEIGHTS).items())
    half = len(tensors) // 2
    names = [f"diffusion_pytorch_model-0000{k}-of-00002.safetensors" for k in (1, 2)]
    for name, part in zip(names, (tensors[:half], tensors[half:]), strict=True):
        safetensors.torch.save_file(dict(part), folder / "unet" / name)
    places = {name: names[k >= half] for k, (name, _) in enumerate(tensors)}
    write(
        folder / "unet" / f"{WEIGHTS}.index.json",
        {"metadata": {"total_size": 1}, "weight_map": places},
    )
    (folder / "unet" / WEIGHTS).unlink()
    if lost is not None:
        (folder / "unet" / names[lost]).unlink()


def variant_only(folder):
    (folder / "vae" / WEIGHTS).rename(folder / "vae" / "diffusion_pytorch_model.fp16.safetensors")


def dangling(folder):
    (folder / "vae" / WEIGHTS).unlink()
    (folder / "vae" / WEIGHTS).symlink_to("gone")


def pipe(folder):
    (folder / "unet" / WEIGHTS).unlink()
    os.mkfifo(folder / "unet" / WEIGHTS)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"


NOT_WHOLE = {
    "missing": (lambda f: (f / "unet" / WEIGHTS).unlink(), "the weights of unet are missing"),
    "a folder missing": (lambda f: shutil.rmtree(f / "text_encoder"), "text_encoder is missing"),
    "no config": (lambda f: (f / "vae" / "config.json").unlink(), "vae is missing"),
    "empty": (
        lambda f: cut(f / "unet" / WEIGHTS, 0),
        rf"weights of unet are broken: .*{WEIGHTS} is empty \(0 bytes\)",
    ),
    "cut in the data": (
        lambda f: cut(f / "unet" / WEIGHTS, -1),
        r"cut short: it has [\d,]+ of [\d,]+ bytes",
    ),
    "cut in half": (
        lambda f: cut(f / "vae" / WEIGHTS, 40_000),
        r"weights of vae .* 40,000 of [\d,]+ bytes",
    ),
    "cut in the header": (lambda f: cut(f / "unet" / WEIGHTS, 100), "cut short: it has 100 of"),
    "cut in the length": (lambda f: cut(f / "unet" / WEIGHTS, 4), "cut short: it has 4 of"),
    "more than its header says": (
        lambda f: (f / "vae" / WEIGHTS).write_bytes((f / "vae" / WEIGHTS).read_bytes() + b"more"),
        "is not a safetensors file",
    ),
    "a web page": (
        lambda f: write(f / "unet" / WEIGHTS, "<html><title>404</title>"),
        "is not a safetensors file",
    ),
    "a pointer of Git LFS": (
        lambda f: write(f / "unet" / WEIGHTS, POINTER),
        "Git LFS pointer.*git lfs pull",
    ),
    "a variant only": (variant_only, "to use those in the variant fp16, write `variant: fp16`"),
    "a link to nothing": (dangling, "the weights of vae are missing"),
    "a pipe": (pipe, "is not a regular file"),
    "a shard": (lambda f: sharded(f, lost=1), "some weights of .* are missing .*00002-of-00002"),
    "the first shard": (
        lambda f: sharded(f, lost=0),
        "some weights of .* are missing .*00001-of-00002",
    ),
}


@pytest.mark.parametrize("case", NOT_WHOLE)
def test_the_error_about_incomplete_weights_says_what_is_wrong_with_them(pipeline, case):
    change, words = NOT_WHOLE[case]
    change(pipeline)
    with pytest.raises(ModelError, match=f"(?s){words}.* again") as caught:
        identify(str(pipeline))
    assert "\n" not in str(caught.value)


def test_an_empty_shard_is_refused(pipeline):
    sharded(pipeline)
    identify(str(pipeline))
    cut(pipeline / "unet" / "diffusion_pytorch_model-00002-of-00002.safetensors", 0)
    with pytest.raises(ModelError, match=r"00002-of-00002\.safetensors is empty"):
        identify(str(pipeline))


def test_weights_that_were_repaired_are_accepted(pipeline):
    whole = (pipeline / "unet" / WEIGHTS).read_bytes()
    cut(pipeline / "unet" / WEIGHTS, -1)
    with pytest.raises(ModelError, match="cut short"):
        identify(str(pipeline))
    (pipeline / "unet" / WEIGHTS).write_bytes(whole)
    assert identify(str(pipeline)).weights == identify("shapes").weights
