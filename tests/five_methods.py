"""Five methods as people write them, and some that misbehave."""

from __future__ import annotations

import random
import sys
import threading
import time
from typing import Annotated

import numpy as np
import torch
from diffusers.utils.torch_utils import randn_tensor

import dwlab

Share = Annotated[float, dwlab.Range(0, 1)]


@dwlab.method
def guidance_interval(pipe, cell, *, low: Share = 0.2, high: Share = 0.8):
    """Guidance only in the middle of the schedule (Kynkaanniemi et al. 2024)."""

    def strength(share):
        return cell.guidance if low <= share < high else 1.0001

    def at_end(pipe, step, timestep, tensors):
        pipe._guidance_scale = strength((step + 1) / pipe.num_timesteps)
        return tensors

    first = cell.stock(guidance_scale=strength(0))
    return pipe(**first, callback_on_step_end=at_end).images[0]


@dwlab.method
def rescaled(pipe, cell, *, rescale: Share = 0.7):
    """CFG rescale (Lin et al. 2023, equation 15 and 16)."""
    return pipe(**cell.stock(guidance_rescale=rescale)).images[0]


def embedded(pipe, cell):
    """The embeddings of the empty prompt and of the cell's."""
    positive, negative = pipe.encode_prompt(
        cell.prompt, pipe.device, 1, True, negative_prompt=cell.negative_prompt
    )
    return negative, positive


def noise(pipe, cell):
    """The starting noise of the stock call."""
    scale = pipe.vae_scale_factor
    shape = (1, pipe.unet.config.in_channels, cell.height // scale, cell.width // scale)
    return randn_tensor(shape, generator=cell.generator(), dtype=pipe.unet.dtype)


@dwlab.method
def hand_written(pipe, cell):
    """DDIM with guidance as a loop of its own."""
    both = torch.cat(embedded(pipe, cell))
    latents = noise(pipe, cell)
    pipe.scheduler.set_timesteps(cell.steps)
    for timestep in pipe.scheduler.timesteps:
        twice = torch.cat([latents, latents])
        without, with_prompt = pipe.unet(twice, timestep, encoder_hidden_states=both).sample.chunk(
            2
        )
        guided = without + cell.guidance * (with_prompt - without)
        latents = pipe.scheduler.step(guided, timestep, latents).prev_sample
    return latents


@dwlab.method
def three_calls(pipe, cell, *, scale: float = 1.5):
    """Guidance away from a prediction on perturbed latents: three calls of the denoiser per step."""
    negative, positive = embedded(pipe, cell)
    latents = noise(pipe, cell)
    pipe.scheduler.set_timesteps(cell.steps)
    for timestep in pipe.scheduler.timesteps:
        with_prompt = pipe.unet(latents, timestep, encoder_hidden_states=positive).sample
        without = pipe.unet(latents, timestep, encoder_hidden_states=negative).sample
        perturbed = pipe.unet(latents.flip(-1), timestep, encoder_hidden_states=positive).sample
        guided = with_prompt + cell.guidance * (with_prompt - without)
        guided = guided + scale * (with_prompt - perturbed.flip(-1))
        latents = pipe.scheduler.step(guided, timestep, latents).prev_sample
    image = pipe.vae.decode(latents / pipe.vae.config.scaling_factor, return_dict=False)[0]
    return pipe.image_processor.postprocess(image, output_type="pil")[0]


@dwlab.method
def from_picture(pipe, cell, *, strength: Share = 0.6):
    """Image-to-image by hand, from a picture of one colour."""
    both = torch.cat(embedded(pipe, cell))
    start = torch.full((1, 3, cell.height, cell.width), 0.25)
    encoded = pipe.vae.encode(start).latent_dist.mode() * pipe.vae.config.scaling_factor
    pipe.scheduler.set_timesteps(cell.steps)
    timesteps = pipe.scheduler.timesteps[int(cell.steps * (1 - strength)) :]
    latents = pipe.scheduler.add_noise(encoded, noise(pipe, cell), timesteps[:1])
    for timestep in timesteps:
        twice = torch.cat([latents, latents])
        without, with_prompt = pipe.unet(twice, timestep, encoder_hidden_states=both).sample.chunk(
            2
        )
        guided = without + cell.guidance * (with_prompt - without)
        latents = pipe.scheduler.step(guided, timestep, latents).prev_sample
    image = pipe.vae.decode(latents / pipe.vae.config.scaling_factor, return_dict=False)[0]
    return pipe.image_processor.postprocess(image, output_type="np")[0]


FIVE = (guidance_interval, rescaled, hand_written, three_calls, from_picture)


@dwlab.method
def with_hook(pipe, cell, *, scale: float = 0.5):
    """Hangs a hook on a layer."""
    pipe.unet.mid_block.register_forward_hook(lambda module, args, output: output * scale)
    return pipe(**cell.stock()).images[0]


class Doubled:
    """An attention processor of its own."""

    def __init__(self, stock):
        self.stock = stock

    def __call__(self, *args, **kwargs):
        return self.stock(*args, **kwargs) * 2


@dwlab.method
def with_processor(pipe, cell):
    """Exchanges the attention processors."""
    stock = next(iter(pipe.unet.attn_processors.values()))
    pipe.unet.set_attn_processor(Doubled(stock))
    return pipe(**cell.stock()).images[0]


@dwlab.method
def in_half(pipe, cell):
    """Moves the model to another dtype."""
    pipe.to(torch.bfloat16)
    return pipe(**cell.stock()).images[0]


@dwlab.method
def heavier(pipe, cell):
    """Writes to weights, unseen by torch's counter of changes."""
    pipe.unet.conv_in.weight.data.mul_(2)
    return pipe(**cell.stock()).images[0]


CHANGING = (with_hook, with_processor, in_half, heavier)


@dwlab.method
def stock(pipe, cell):
    """The stock call, and nothing else."""
    return pipe(**cell.stock()).images[0]


@dwlab.method
def failing(pipe, cell):
    """Fails in its second line."""
    values = {"a": 1}
    return values[cell.prompt]


@dwlab.method
def returns_nothing(pipe, cell):
    """Forgets to return a picture."""
    pipe(**cell.stock())


# whoever holds this test's end lets sleepers go on
woken = threading.Event()


@dwlab.method
def sleeping(pipe, cell):
    """Waits for something that does not come, in C."""
    woken.wait()


@dwlab.method
def endless(pipe, cell):
    """A loop that never ends, in Python."""
    number = 0
    while True:
        number += 1


@dwlab.method
def never_done(pipe, cell):
    """Calls the model again and again."""
    embeddings = embedded(pipe, cell)[0]
    latents = noise(pipe, cell)
    while True:
        pipe.unet(latents, 1, encoder_hidden_states=embeddings)
        time.sleep(0.05)


@dwlab.method
def drawing_at_will(pipe, cell):
    """Draws its noise with the global generators of three libraries."""
    embeddings = embedded(pipe, cell)[1]
    latents = torch.randn(noise(pipe, cell).shape)
    pipe.scheduler.set_timesteps(cell.steps)
    for timestep in pipe.scheduler.timesteps:
        predicted = pipe.unet(latents, timestep, encoder_hidden_states=embeddings).sample
        factor = 1 + 0.1 * random.random() + 0.1 * np.random.rand()  # noqa: NPY002
        latents = pipe.scheduler.step(predicted * factor, timestep, latents).prev_sample
        latents = latents + 0.1 * torch.randn(latents.shape)
    return latents


@dwlab.method
def leaving(pipe, cell):
    """Ends the process, as a script would."""
    sys.exit(3)


@dwlab.method
def interrupting(pipe, cell):
    """Does as if somebody had pressed Ctrl-C."""
    raise KeyboardInterrupt


@dwlab.method
def setting(pipe, cell):
    """Changes settings of torch for the whole process."""
    torch.set_default_dtype(torch.float64)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    picture = pipe(**cell.stock()).images[0]
    assert torch.get_default_dtype() == torch.float64
    return picture


@dwlab.method
def asleep(pipe, cell):
    """Sleeps longer than anybody waits."""
    time.sleep(100_000)


@dwlab.method
def asking(pipe, cell):
    """Waits for an answer on the terminal."""
    return input("Which picture? ")


@dwlab.method
def in_modes(pipe, cell):
    """Calls the model within modes of torch."""
    with torch.inference_mode(mode=False), torch.enable_grad(), torch.autocast("cpu"):
        return pipe(**cell.stock()).images[0]


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError


@dwlab.method
def unspeakable(pipe, cell):
    """Raises an error without a text."""
    raise Unspeakable


@dwlab.method
def unwritable(pipe, cell):
    """Raises an error with a text that is no text."""
    raise ValueError("\ud800")


@dwlab.method
def empty(pipe, cell):
    return np.zeros((0, 0, 3), np.uint8)


@dwlab.method
def whole_numbers(pipe, cell):
    return np.full((64, 64, 3), 200)
