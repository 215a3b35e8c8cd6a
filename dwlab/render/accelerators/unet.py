"""A UNet's forward in two parts: the whole, which keeps what its outermost layers get, and these alone.

It calls the UNet's own blocks, in the order of `UNet2DConditionModel.forward`. What this does not know
raises ValueError, instead of drawing something else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from .merged_tokens import merged_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Tensor = torch.Tensor
# arguments of the stock forward that mean nothing here while they are None
_UNKNOWN = ("class_labels", "attention_mask", "encoder_attention_mask", "cross_attention_kwargs")
_KNOWN = (
    "timestep_cond",
    "added_cond_kwargs",
    "down_block_additional_residuals",
    "mid_block_additional_residual",
    "return_dict",
)


def whole(
    unet: Any,
    sample: Tensor,
    timestep: Tensor,
    encoder_hidden_states: Tensor,
    *,
    branch: int = 0,
    merging: float = 0.0,
    **named: Any,
) -> tuple[Tensor, Tensor]:
    """The answer of a UNet, and what its outermost layers got from those within, both [rows, ...].

    branch: layers at the outer end of each side, besides the very last one, that count as outermost.
    merging: the share of tokens that attention merges (see `merged_tokens`).
    """
    with merged_tokens(unet, sample, merging):
        begin = _Begin.of(unet, sample, timestep, encoder_hidden_states, named)
        hidden, skips = begin.hidden, [begin.hidden]
        for block in unet.down_blocks:
            hidden, outputs = block(hidden, begin.time, **begin.for_block(block))
            skips += outputs
        skips = begin.with_residuals(skips)
        if unet.mid_block is not None:
            hidden = unet.mid_block(hidden, begin.time, **begin.for_block(unet.mid_block))
        if begin.residual_of_middle is not None:
            hidden = hidden + begin.residual_of_middle
        last = unet.up_blocks[-1]
        for block in unet.up_blocks[:-1]:
            taken = skips[-len(block.resnets) :]
            del skips[-len(block.resnets) :]
            hidden = block(
                hidden,
                tuple(taken),
                begin.time,
                upsample_size=skips[-1].shape[2:],
                **begin.for_block(block),
            )
        first_outer = len(last.resnets) - 1 - branch
        hidden = _through_layers(begin, hidden, _up_layers(last)[:first_outer], skips)
        deep = hidden
        hidden = _through_layers(begin, hidden, _up_layers(last)[first_outer:], skips)
        return _end(unet, hidden), deep


def outermost(
    unet: Any,
    sample: Tensor,
    timestep: Tensor,
    encoder_hidden_states: Tensor,
    deep: Tensor,
    *,
    branch: int = 0,
    merging: float = 0.0,
    **named: Any,
) -> tuple[Tensor]:
    """The answer of a UNet's outermost layers to what they got from those within at another step.

    deep, branch: see `whole`.
    """
    with merged_tokens(unet, sample, merging):
        begin = _Begin.of(unet, sample, timestep, encoder_hidden_states, named)
        skips = [begin.hidden]
        for layer in _down_layers(unet.down_blocks[0])[:branch]:
            skips.append(_through(begin, skips[-1], layer))
        skips = begin.with_residuals(skips)
        layers = _up_layers(unet.up_blocks[-1])[-1 - branch :]
        return (_end(unet, _through_layers(begin, deep, layers, skips)),)


def with_merged_tokens(
    unet: Any,
    sample: Tensor,
    timestep: Tensor,
    encoder_hidden_states: Tensor,
    *,
    merging: float,
    **named: Any,
) -> Any:
    """The answer of a UNet whose attention merges tokens (see `merged_tokens`)."""
    with merged_tokens(unet, sample, merging):
        return unet.forward(sample, timestep, encoder_hidden_states, **named)


@dataclass
class _Begin:
    """What a forward computes first. hidden: [rows, channels, height, width]. time: [rows, channels].

    text: what attention looks at. residuals: of ControlNets, added to the skip connections.
    """

    hidden: Tensor
    time: Tensor
    text: Any
    residuals: Sequence[Tensor] = field(default=())
    residual_of_middle: Tensor | None = None

    @classmethod
    def of(
        cls, unet: Any, sample: Tensor, timestep: Tensor, text: Tensor, named: Mapping[str, Any]
    ) -> _Begin:
        _check(named)
        conditions = named.get("added_cond_kwargs")
        if unet.config.center_input_sample:
            sample = 2 * sample - 1.0
        time = unet.time_embedding(
            unet.get_time_embed(sample=sample, timestep=timestep), named.get("timestep_cond")
        )
        added = unet.get_aug_embed(
            emb=time, encoder_hidden_states=text, added_cond_kwargs=conditions
        )
        time = time if added is None else time + added
        if unet.time_embed_act is not None:
            time = unet.time_embed_act(time)
        text = unet.process_encoder_hidden_states(
            encoder_hidden_states=text, added_cond_kwargs=conditions
        )
        return cls(
            unet.conv_in(sample),
            time,
            text,
            named.get("down_block_additional_residuals") or (),
            named.get("mid_block_additional_residual"),
        )

    def for_block(self, block: Any) -> dict[str, Any]:
        """The arguments that a block takes besides its inputs."""
        if getattr(block, "has_cross_attention", False):
            return {"encoder_hidden_states": self.text}
        return {}

    def with_residuals(self, skips: Sequence[Tensor]) -> list[Tensor]:
        """Skip connections with what ControlNets add to the first of them."""
        pairs = zip(skips, self.residuals, strict=False)
        return [skip + residual for skip, residual in pairs] if self.residuals else list(skips)


def _check(named: Mapping[str, Any]) -> None:
    for name, value in named.items():
        is_known = name in _KNOWN or (name in _UNKNOWN and value is None)
        if not is_known:
            raise ValueError(f"accelerators of UNets do not work with {name}")


def _down_layers(block: Any) -> list[tuple[Any, Any]]:
    """The layers of a block on the way in: a convolution, and its attention or None."""
    attentions = getattr(block, "attentions", None) or [None] * len(block.resnets)
    return list(zip(block.resnets, attentions, strict=True))


# those on the way out are built alike
_up_layers = _down_layers


def _through_layers(
    begin: _Begin, hidden: Tensor, layers: Iterable[tuple[Any, Any]], skips: list[Tensor]
) -> Tensor:
    """What layers on the way out make of their input; each takes the last skip connection."""
    for layer in layers:
        hidden = _through(begin, torch.cat([hidden, skips.pop()], dim=1), layer)
    return hidden


def _through(begin: _Begin, hidden: Tensor, layer: tuple[Any, Any]) -> Tensor:
    convolution, attention = layer
    output: Tensor = convolution(hidden, begin.time)
    if attention is not None:
        output = attention(output, encoder_hidden_states=begin.text, return_dict=False)[0]
    return output


def _end(unet: Any, hidden: Tensor) -> Tensor:
    if unet.conv_norm_out:
        hidden = unet.conv_act(unet.conv_norm_out(hidden))
    answer: Tensor = unet.conv_out(hidden)
    return answer
