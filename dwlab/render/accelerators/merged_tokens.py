"""Attention over fewer tokens: those that are most alike are merged before it, and get its answer after it.

Bolya & Hoffman 2023, "Token Merging for Fast Stable Diffusion": in the outermost layers with attention, where
tokens are most. The first of each 2x2 tokens stays, so that nothing is drawn by chance, and each row merges
its own: a picture does not depend on its company.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

Tensor = torch.Tensor


@contextlib.contextmanager
def merged_tokens(unet: Any, sample: Tensor, share: float) -> Iterator[None]:
    """Within it, a UNet's self-attention at the largest size merges tokens.

    sample: its input [rows, channels, height, width]. share: of the tokens, 0 to 0.75.
    """
    if not share:
        yield
        return
    level, blocks = outermost_with_attention(unet)
    height = -(-sample.shape[-2] // 2**level)
    width = -(-sample.shape[-1] // 2**level)
    hooks = []
    for attention in _self_attentions(blocks):
        merging = _Merging(height, width, share)
        hooks.append(attention.register_forward_pre_hook(merging.before))
        hooks.append(attention.register_forward_hook(merging.after))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def outermost_with_attention(unet: Any) -> tuple[int, list[Any]]:
    """How often the size is halved before the first block with attention, and the blocks of this size."""
    has_attention = [hasattr(block, "attentions") for block in unet.down_blocks]
    if True not in has_attention:
        raise ValueError("token_merging is for UNets with attention on the way in")
    level = has_attention.index(True)
    blocks = [unet.down_blocks[level], unet.up_blocks[-1 - level]]
    return level, [block for block in blocks if hasattr(block, "attentions")]


def _self_attentions(blocks: list[Any]) -> Iterator[Any]:
    for block in blocks:
        for transformer in block.attentions:
            for layer in transformer.transformer_blocks:
                yield layer.attn1


class _Merging:
    """One attention layer in one forward."""

    _plan: _Plan

    def __init__(self, height: int, width: int, share: float) -> None:
        self._size = (height, width)
        self._share = share

    def before(self, _attention: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        tokens = arguments[0]
        height, width = self._size
        if tokens.shape[1] != height * width:
            raise ValueError(f"{tokens.shape[1]} tokens are no {height}x{width}")
        self._plan = _Plan.of(tokens, height, width, self._share)
        return (self._plan.merged(tokens), *arguments[1:])

    def after(self, _attention: Any, _arguments: Any, output: Tensor) -> Tensor:
        return self._plan.spread(output)


@dataclass(frozen=True)
class _Plan:
    """Which tokens of each row are merged into which.

    kept: [kept], the first of each 2x2. single, merged_away: [rows, n], others that stay, and that
    are merged; into: [rows, n], the positions in `kept` that they are merged into.
    """

    kept: Tensor
    single: Tensor
    merged_away: Tensor
    into: Tensor
    count: int

    @classmethod
    def of(cls, tokens: Tensor, height: int, width: int, share: float) -> _Plan:
        """The merges of the most similar tokens, by the cosine between them."""
        numbers = torch.arange(height * width, device=tokens.device).view(height, width)
        kept = numbers[::2, ::2].flatten()
        others = torch.cat([numbers[::2, 1::2].flatten(), numbers[1::2].flatten()])
        unit = torch.nn.functional.normalize(tokens.float(), dim=-1)
        likeness = unit[:, others] @ unit[:, kept].transpose(1, 2)
        best, into = likeness.max(dim=-1)
        order = best.argsort(dim=-1, descending=True, stable=True)
        away = min(round(share * height * width), len(others))
        return cls(
            kept,
            others[order[:, away:]],
            others[order[:, :away]],
            into.gather(1, order[:, :away]),
            height * width,
        )

    def merged(self, tokens: Tensor) -> Tensor:
        """The tokens that stay, with the mean of those that were merged into each."""
        # adding up by a product instead of `scatter_reduce`, which on a GPU adds in any order
        is_into = torch.nn.functional.one_hot(self.into, len(self.kept)).transpose(1, 2)
        part = 1 / (1 + is_into.sum(dim=-1, keepdim=True))
        away = tokens.gather(1, _as_wide(self.merged_away, tokens))
        shares = (is_into * part).to(tokens.dtype)
        merged = tokens[:, self.kept] * part.to(tokens.dtype) + shares @ away
        return torch.cat([merged, tokens.gather(1, _as_wide(self.single, tokens))], dim=1)

    def spread(self, answers: Tensor) -> Tensor:
        """The answer for every token: that of the one that it was merged into."""
        of_kept, of_single = answers.split([len(self.kept), self.single.shape[1]], dim=1)
        spread = answers.new_empty(len(answers), self.count, answers.shape[2])
        spread[:, self.kept] = of_kept
        spread.scatter_(1, _as_wide(self.single, answers), of_single)
        of_merged = of_kept.gather(1, _as_wide(self.into, answers))
        return spread.scatter_(1, _as_wide(self.merged_away, answers), of_merged)


def _as_wide(numbers: Tensor, tokens: Tensor) -> Tensor:
    """Numbers of tokens [rows, n] for each channel, [rows, n, channels]."""
    return numbers[..., None].expand(-1, -1, tokens.shape[2])
