"""What recipes name besides their model, on the way to a worker: found there, and the pictures equal."""

from __future__ import annotations

import json

import pytest
import tiny
import tiny_ip_adapters
import tiny_nets
import tiny_refiner
import torch
from safetensors.torch import save_file
from start_pictures import noise_picture

from dwlab.cluster import wire
from dwlab.cluster.rebuilding import Rebuilding
from dwlab.events import Done
from dwlab.pictures.inputs import Inputs
from dwlab.render.renderer import render
from dwlab.runs.resolve import identify_all, resolve
from dwlab.spec.compute import Compute
from dwlab.spec.own_code import code as codes
from dwlab.spec.params import GenerationParams

SIZE = {"width": 16, "height": 16, "steps": 2}
SCHEDULER = """
from diffusers import DDIMScheduler


class Own(DDIMScheduler):
    def step(self, model_output, *args, **kwargs):
        return super().step(model_output * 0.5, *args, **kwargs)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tiny models with what can be added to them."""
    folder = tmp_path_factory.mktemp("travelling")
    pipeline = tiny.sd()
    pipeline.save_pretrained(folder / "sd")
    tiny_nets.for_unet(pipeline, 1).save_pretrained(folder / "net")
    tiny.sd().vae.save_pretrained(folder / "vae")
    tiny.sdxl().save_pretrained(folder / "sdxl")
    tiny_refiner.pipeline().save_pretrained(folder / "refiner")
    torch.manual_seed(0)
    save_file({"emb_params": torch.randn(1, 32)}, folder / "ink.safetensors")
    adapter = folder / "adapter"
    adapter.mkdir()
    tiny_ip_adapters.image_encoder().save_pretrained(adapter / "image_encoder")
    tiny_ip_adapters.write(adapter / "ip.safetensors", tiny_ip_adapters.plain(pipeline.unet))
    (folder / "own.py").write_text(SCHEDULER, "utf-8")
    noise_picture(3).save(folder / "edges.png")
    return folder


RECIPES = {
    "control": lambda f: {
        "control": [{"model": str(f / "net"), "image": str(f / "edges.png"), "scale": 0.5}]
    },
    "embedding": lambda f: {
        "prompt": "a <ink> star",
        "embeddings": [{"file": str(f / "ink.safetensors"), "token": "<ink>"}],
    },
    "vae": lambda f: {"vae": str(f / "vae")},
    "scheduler": lambda f: {"scheduler": f"{f / 'own.py'}:Own"},
    "mask": lambda f: {
        "image": str(f / "edges.png"),
        "mask": str(f / "edges.png"),
        "strength": 0.9,
    },
    "refiner": lambda f: {
        "model": str(f / "sdxl"),
        "refiner": {"model": str(f / "refiner"), "from": 0.5},
    },
    "ip_adapter": lambda f: {
        "ip_adapter": [
            {"file": str(f / "adapter" / "ip.safetensors"), "image": str(f / "edges.png")}
        ]
    },
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_makes_the_same_picture_after_its_way(name, folder, tmp_path):
    recipe = {"prompt": "a star", "model": str(folder / "sd"), **SIZE} | RECIPES[name](folder)
    params = [GenerationParams(**recipe)]
    for code in params[0].code:
        codes.agree(code.code)
    compute = Compute(device="cpu", exact=4)
    cells = resolve(
        params,
        identify_all(params, compute),
        compute.exact,
        inputs=Inputs(tmp_path / "results", write=True),
    )
    parcel = wire.parcel_of(cells, compute, "t")
    work = Rebuilding(json.loads(parcel.document), parcel.blobs, "cpu", tmp_path / "worker")
    rebuilt = work.cells()
    assert rebuilt == cells
    assert drawn(rebuilt, compute) == drawn(cells, compute)


def drawn(cells, compute):
    events = list(render(cells, compute=compute))
    (done,) = [event for event in events if isinstance(event, Done)] or [events[-1]]
    return done.result.png()
