"""What pipelines make of the sizes that they are asked for."""

from __future__ import annotations

import pytest

from dwlab.spec.families import BY_PIPELINE
from dwlab.spec.size_rule import ANY_SIZE, SizeRule, megapixel

EIGHTH = {"block_out_channels": [1, 2, 3, 4]}


def rule(pipeline, side=1024):
    return SizeRule.of(BY_PIPELINE[pipeline], EIGHTH, side)


@pytest.mark.parametrize(
    ("pipeline", "asked", "drawn"),
    [
        ("FluxPipeline", (520, 512), (512, 512)),
        ("FluxKontextPipeline", (1000, 760), (992, 752)),
        ("QwenImageEditPlusPipeline", (8, 24), (16, 16)),
        ("Krea2Pipeline", (520, 512), (528, 512)),
        ("HiDreamImagePipeline", (512, 512), (1024, 1024)),
        ("HiDreamImagePipeline", (1000, 600), (1312, 784)),
        ("HiDreamImagePipeline", (64, 2048), (176, 5936)),
        ("StableDiffusionPipeline", (520, 512), (520, 512)),
    ],
)
def test_the_size_that_is_drawn(pipeline, asked, drawn):
    assert rule(pipeline).drawn(asked) == drawn
    assert rule(pipeline).drawn(drawn) == drawn, "asked for, it is drawn as it is"


@pytest.mark.parametrize(
    ("picture", "drawn"),
    [((512, 512), (1024, 1024)), ((48, 16), (1760, 576)), ((768, 512), (1248, 832))],
)
def test_some_pipelines_draw_a_megapixel_in_the_shape_of_their_picture(picture, drawn):
    assert megapixel(picture) == drawn


def test_pipelines_without_a_rule_draw_what_they_are_asked_for():
    assert rule("StableDiffusion3Pipeline") == ANY_SIZE
    assert SizeRule.of(None, {}, None) == ANY_SIZE
