"""By what measures a model fits is decided from the sizes of its parts and what is free."""

from __future__ import annotations

import pytest

from dwlab.models import memory_fit
from dwlab.models.memory_estimate import ModelSize, PartSize
from dwlab.models.memory_fit import Demand, Fit, Room
from dwlab.models.settings import STOCK, Settings

GB = 10**9
# like Flux: twelve billion weights in the denoiser, five in a text encoder
PARTS = (
    PartSize("transformer", matrices=12 * GB, group=0.03, tensor=0.005),
    PartSize("text_encoder_2", matrices=5 * GB, group=0.05, tensor=0.01),
    PartSize("vae", kernels=GB // 10, group=0.5, tensor=0.1),
)
DEMAND = Demand(ModelSize(PARTS), "bfloat16", 1024 * 1024)
HOST = 64 * GB


def chosen(free, device="cuda:0", settings=STOCK, demand=DEMAND):
    fit = memory_fit.choose(demand, settings, Room(free, HOST), device)
    return fit.chosen if fit.fits else None


@pytest.mark.parametrize(
    ("free", "measures"),
    [
        (80 * GB, ()),
        (30 * GB, ("model-offload",)),
        (12 * GB, ("group-offload",)),
        (int(3.2 * GB), ("sequential-offload",)),
        (1 * GB, None),
    ],
)
def test_auto_takes_the_least_intrusive_measure_that_suffices(free, measures):
    assert chosen(free) == measures


def test_auto_never_changes_a_picture_and_so_no_key_depends_on_free_memory():
    for free in (80 * GB, 30 * GB, 12 * GB, GB):
        for device in ("cpu", "mps", "cuda"):
            fit = memory_fit.choose(DEMAND, STOCK, Room(free, HOST), device)
            assert fit.settings.mark == ""


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_where_nothing_can_be_moved_away_auto_does_not_offload(device):
    fit = memory_fit.choose(DEMAND, STOCK, Room(12 * GB), device)
    assert fit.settings.offload == "none" and not fit.fits and fit.is_hopeless


def test_auto_keeps_what_was_chosen_beside_it():
    fewer = Settings(quantisation="bitsandbytes-4bit")
    assert chosen(24 * GB, settings=fewer) == ()
    assert chosen(12 * GB, settings=fewer) == ("model-offload",)
    offloaded = Settings(offload="sequential")
    assert memory_fit.choose(DEMAND, offloaded, Room(80 * GB, HOST), "cuda").settings == offloaded


def test_offloading_needs_the_main_memory_too():
    fit = memory_fit.choose(DEMAND, STOCK, Room(30 * GB, host=16 * GB), "cuda")
    assert not fit.fits


def test_larger_pictures_need_more_and_tiles_limit_that():
    size = ModelSize(PARTS)
    small, large = (size.activations("bfloat16", side * side) for side in (512, 2048))
    assert large == 16 * small
    assert size.activations("bfloat16", 2048 * 2048, tiling=True) < large


def test_a_shortage_is_told_with_numbers_and_with_what_would_help():
    fit = Fit(DEMAND, STOCK, Room(30 * GB, HOST))
    text = memory_fit.shortage("flux", fit, "cuda:0")
    assert text.startswith(
        "model 'flux' does not fit into the memory of cuda:0 in bfloat16: it needs about 36."
    )
    assert "of 30.00 GB free; it would fit with model-offload (2" in text
    assert "torchao-8bit (2" in text and "other pictures" in text


def test_a_shortage_that_nothing_would_end_says_so():
    text = memory_fit.shortage("flux", Fit(DEMAND, STOCK, Room(GB)), "cpu")
    assert text.endswith("use a smaller model or a device with more memory")


def test_a_shortage_in_float32_proposes_half_of_it():
    demand = Demand(ModelSize(PARTS), "float32", 512 * 512)
    text = memory_fit.shortage("flux", Fit(demand, STOCK, Room(50 * GB)), "cpu")
    assert "dtype bfloat16 (3" in text


def test_weights_that_fit_without_room_for_a_picture_are_no_certain_failure():
    fit = Fit(DEMAND, STOCK, Room(35 * GB))
    assert not fit.fits and not fit.is_hopeless
    assert "may not fit" in memory_fit.shortage("flux", fit, "cuda")
