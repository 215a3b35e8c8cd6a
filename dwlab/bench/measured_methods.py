"""The methods whose cost `dwlab.bench.methods` measures."""

from __future__ import annotations

import torch

import dwlab


@dwlab.method
def stock_call(pipe, cell):  # type: ignore[no-untyped-def]  # as people write methods
    """The stock call, and nothing else."""
    return pipe(**cell.stock()).images[0]


@dwlab.method
def own_loop(pipe, cell):  # type: ignore[no-untyped-def]  # as people write methods
    """The same picture by a loop of its own."""
    prompts = pipe.encode_prompt(cell.prompt, pipe.device, 1, True)
    embeddings = torch.cat([prompts[1], prompts[0]])
    latents = pipe.prepare_latents(
        1,
        pipe.unet.config.in_channels,
        cell.height,
        cell.width,
        pipe.unet.dtype,
        pipe.device,
        cell.generator(),
    )
    pipe.scheduler.set_timesteps(cell.steps)
    for timestep in pipe.scheduler.timesteps:
        twice = pipe.scheduler.scale_model_input(torch.cat([latents, latents]), timestep)
        answers = pipe.unet(twice, timestep, encoder_hidden_states=embeddings).sample
        without, with_prompt = answers.chunk(2)
        guided = without + cell.guidance * (with_prompt - without)
        latents = pipe.scheduler.step(guided, timestep, latents).prev_sample
    return latents


@dwlab.method
def changed_model(pipe, cell):  # type: ignore[no-untyped-def]  # as people write methods
    """The stock call with a hook on the model, so that a copy computes."""
    pipe.unet.mid_block.register_forward_hook(lambda _module, _args, output: output * 1.0)
    return pipe(**cell.stock()).images[0]


ALL = (stock_call, own_loop, changed_model)
