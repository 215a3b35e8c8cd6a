"""What a model does not take is refused by its files alone, whatever other cells stand beside."""

from __future__ import annotations

import pytest
import tiny
import tiny_families
from start_pictures import noise_picture

from dwlab.errors import InvalidInput
from dwlab.models.arguments import check_arguments
from dwlab.models.identity import identify
from dwlab.spec.params import GenerationParams


@pytest.mark.parametrize("scheduler", ["UniPC", "DPM++ 2M", "TCDScheduler"])
def test_a_latent_consistency_model_draws_with_its_own_scheduler_alone(tmp_path, scheduler):
    tiny_families.lcm().save_pretrained(tmp_path / "lcm")
    identity = identify(str(tmp_path / "lcm"), "cpu")
    cell = GenerationParams("a star", model=identity.name, scheduler="LCM", steps=4)
    check_arguments([cell], identity)
    with pytest.raises(InvalidInput, match=r"scheduler is .*allowed: LCMScheduler, the only one"):
        check_arguments([cell, cell.replace(scheduler=scheduler)], identity)


def test_an_adapter_that_does_not_fit_is_found_among_cells_without_one(tmp_path):
    tiny.flux().save_pretrained(tmp_path / "flux")
    identity = identify(str(tmp_path / "flux"), "cpu")
    cell = GenerationParams("a star", model=identity.name, accelerate={"first_block_cache": 0.1})
    adapted = cell.replace(ip_adapter=[{"file": "adapter.safetensors", "image": noise_picture(0, (16, 16))}])  # fmt: skip
    with pytest.raises(InvalidInput, match="recipes with ip_adapter"):
        check_arguments([adapted, cell], identity)
