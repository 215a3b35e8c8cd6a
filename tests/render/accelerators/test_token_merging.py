"""Tokens that are merged before attention, beside the method as its paper tells it, token by token."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from side_by_side import check_equal, fresh, made

from dwlab.models import loading
from dwlab.render.accelerators.merged_tokens import merged_tokens
from dwlab.spec.params import GenerationParams

SHARE = 0.5


@pytest.fixture(scope="module")
def shapes():
    return loading.load("shapes", "cpu")


def merged_by_hand(attention, tokens, height, width, share):
    """One row: each of the most alike tokens is put to the first of 2x2 tokens that it is most alike to."""
    numbers = range(height * width)
    kept = [n for n in numbers if n // width % 2 == 0 and n % width % 2 == 0]
    others = [n for n in numbers if n not in kept]
    unit = tokens / tokens.norm(dim=-1, keepdim=True)
    nearest, likeness = {}, {}
    for other in others:
        found = [float(unit[other] @ unit[place]) for place in kept]
        likeness[other] = max(found)
        nearest[other] = kept[found.index(likeness[other])]
    others.sort(key=lambda n: -likeness[n])
    away = others[: round(share * height * width)]
    single = others[len(away) :]
    groups = [[place, *(n for n in away if nearest[n] == place)] for place in kept]
    groups += [[n] for n in single]
    answers = attention(torch.stack([tokens[group].mean(dim=0) for group in groups])[None])[0]
    output = torch.empty_like(tokens)
    for group, answer in zip(groups, answers, strict=True):
        output[group] = answer
    return output


@pytest.mark.parametrize("share", [0.3, 0.75])
@torch.inference_mode()
def test_attention_is_that_of_the_paper_for_each_row_by_itself(shapes, share):
    unet = shapes.pipeline.unet
    attention = unet.down_blocks[1].attentions[0].transformer_blocks[0].attn1
    # 128 channels for the 8x6 tokens of 16x12 latents
    tokens = torch.randn(3, 48, 128, generator=torch.Generator().manual_seed(0))
    expected = [merged_by_hand(attention, row, 8, 6, share) for row in tokens]
    with merged_tokens(unet, torch.empty(3, 4, 16, 12), share):
        together = attention(tokens)
        alone = [attention(row[None])[0] for row in tokens]
    assert torch.allclose(together, torch.stack(expected), atol=1e-5)
    assert torch.allclose(together, torch.stack(alone), atol=1e-5)
    # nothing is left in the model
    assert torch.allclose(attention(tokens[:1]), attention(tokens)[:1], atol=1e-5)


def stock(model, cell):
    """The stock call, with attention as the test's own method makes it."""
    unet = model.pipeline.unet
    level = 1 if model.identity.name == "shapes" else 0
    height, width = (math.ceil(side / 8 / 2**level) for side in (cell.height, cell.width))
    blocks = [unet.down_blocks[level], unet.up_blocks[-1 - level]]
    attentions = [
        transformer.transformer_blocks[0].attn1
        for block in blocks
        for transformer in block.attentions
    ]
    forwards = [attention.forward for attention in attentions]
    for attention, forward in zip(attentions, forwards, strict=True):
        attention.forward = lambda tokens, forward=forward, **_: torch.stack(
            [merged_by_hand(forward, row, height, width, SHARE) for row in tokens]
        )
    try:
        return fresh(model.pipeline)(
            prompt=cell.prompt, num_inference_steps=cell.steps, guidance_scale=cell.guidance, width=cell.width,
            height=cell.height, generator=torch.Generator().manual_seed(cell.seed),
        ).images[0]  # fmt: skip
    finally:
        for attention in attentions:
            del attention.forward


@pytest.mark.slow
def test_pictures_are_those_of_a_stock_call_alone_and_in_company(shapes):
    cells = [
        GenerationParams("a star", steps=3, seed=seed, accelerate={"token_merging": SHARE})
        for seed in range(2)
    ]
    expected = [stock(shapes, cell) for cell in cells]
    check_equal(made(cells, model=shapes, pack=1), expected)
    company = [cells[0].replace(accelerate=other) for other in ("none", {"token_merging": 0.3})]
    pictures = made([*cells, *company], model=shapes)
    check_equal(pictures[:2], expected)
    assert len({np.asarray(picture.image).tobytes() for picture in pictures}) == 4


def test_in_exact_mode_a_picture_does_not_depend_on_its_company(shapes):
    base = GenerationParams("a star", steps=2, accelerate={"token_merging": SHARE})
    cells = [
        base,
        base.replace(seed=1),
        base.replace(accelerate={"token_merging": SHARE, "deep_cache": 2}),
    ]
    alone = [made([cell], model=shapes, exact=8)[0] for cell in cells]
    together = made(cells, model=shapes, exact=8)
    for one, other in zip(alone, together, strict=True):
        assert one.image.tobytes() == other.image.tobytes()
