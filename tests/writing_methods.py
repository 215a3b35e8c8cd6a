"""Methods that write to the tensors they are given, or ask for gradients through the model."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch
from five_methods import embedded, noise

import dwlab


@dwlab.method
def guided_by_gradient(pipe, cell, *, scale: float = 2.0):
    """Away from red in the predicted picture, by gradients through the denoiser and the decoder."""
    both = torch.cat(embedded(pipe, cell))
    latents = noise(pipe, cell)
    pipe.scheduler.set_timesteps(cell.steps)
    for timestep in pipe.scheduler.timesteps:
        with torch.enable_grad():
            latents = latents.detach().requires_grad_()
            twice = torch.cat([latents, latents])
            answers = pipe.unet(twice, timestep, encoder_hidden_states=both).sample
            without, with_prompt = answers.chunk(2)
            guided = without + cell.guidance * (with_prompt - without)
            alpha = pipe.scheduler.alphas_cumprod[int(timestep)]
            clean = (latents - (1 - alpha) ** 0.5 * guided) / alpha**0.5
            image = pipe.vae.decode(clean / pipe.vae.config.scaling_factor).sample
            (gradient,) = torch.autograd.grad(image[:, 0].mean(), latents)
        step = pipe.scheduler.step(guided, timestep, latents - scale * gradient)
        latents = step.prev_sample
    return latents


@dwlab.method
def guided_between_steps(pipe, cell, *, scale: float = 5.0):
    """The same after each step of the stock call, with backward()."""

    def at_end(pipe, step, timestep, tensors):
        with torch.enable_grad():
            latents = tensors["latents"].detach().requires_grad_()
            image = pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample
            image[:, 0].mean().backward()
        return {"latents": latents.detach() - scale * latents.grad}

    return pipe(**cell.stock(), callback_on_step_end=at_end).images[0]


@dwlab.method
def trained(pipe, cell):
    """A step of training of one layer, then the stock call."""
    layer = pipe.unet.conv_out
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    embeddings = embedded(pipe, cell)[1]
    latents = noise(pipe, cell)
    with torch.enable_grad():
        predicted = pipe.unet(latents, 10, encoder_hidden_states=embeddings).sample
        (predicted - latents).square().mean().backward()
    optimizer.step()
    return pipe(**cell.stock()).images[0]


@dwlab.method
def scaling_in_place(pipe, cell, *, by: float = 1.0):
    """Writes to what the text encoder and the denoiser answered."""
    negative, positive = embedded(pipe, cell)
    both = torch.cat([negative.mul_(by), positive.mul_(by)])
    latents = noise(pipe, cell)
    pipe.scheduler.set_timesteps(cell.steps)
    for timestep in pipe.scheduler.timesteps:
        twice = torch.cat([latents, latents])
        answers = pipe.unet(twice, timestep, encoder_hidden_states=both).sample.mul_(by)
        without, with_prompt = answers.chunk(2)
        guided = without + cell.guidance * (with_prompt - without)
        latents = pipe.scheduler.step(guided, timestep, latents).prev_sample
    return latents


@dwlab.method
def asking_twice(pipe, cell):
    """Calls models again with the same tensors, which have other values by then."""
    tokens = pipe.tokenizer(
        cell.prompt,
        padding="max_length",
        max_length=pipe.tokenizer.model_max_length,
        return_tensors="pt",
    ).input_ids
    first = pipe.text_encoder(tokens)[0]
    tokens[0, 2] = 5
    assert not torch.equal(first, pipe.text_encoder(tokens)[0])
    latents = noise(pipe, cell)
    answer = pipe.unet(latents, 10, encoder_hidden_states=first).sample
    latents.mul_(2)
    assert not torch.equal(answer, pipe.unet(latents, 10, encoder_hidden_states=first).sample)
    return pipe(**cell.stock()).images[0]


@dwlab.method
def with_config(pipe, cell):
    """Writes to a config in place, as tutorials do."""
    pipe.text_encoder.config.layer_norm_eps = 1.0
    return pipe(**cell.stock()).images[0]


@dwlab.method
def without_last_block(pipe, cell):
    """Takes a module out of a list of modules."""
    del pipe.unet.up_blocks[-1].resnets[-1]
    pipe.unet.up_blocks[-1].resnets.append(torch.nn.Identity())
    raise KeyError("nothing else fits there")


@dwlab.method
def with_word(pipe, cell):
    """Adds a word to the tokenizer, with an embedding, as textual inversion does."""
    size = pipe.text_encoder.config.hidden_size
    pipe.load_textual_inversion({"<own>": torch.ones(size)}, token="<own>")
    pipe.tokenizer.model_max_length = 20
    return pipe(**cell.stock(prompt="a <own> circle")).images[0]


@dwlab.method
def whole_output(pipe, cell):
    return pipe(**cell.stock())


@dwlab.method
def in_a_list(pipe, cell):
    return pipe(**cell.stock()).images


@dwlab.method
def two_pictures(pipe, cell):
    return pipe(**cell.stock(num_images_per_prompt=2)).images


@dwlab.method
def picture_as_tensor(pipe, cell):
    return pipe(**cell.stock(output_type="pt")).images


@dwlab.method
def in_a_thread(pipe, cell):
    """Calls the pipeline in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: pipe(**cell.stock()).images[0]).result()


@dwlab.method
def failing_between_steps(pipe, cell):
    """Raises after the second step."""

    def at_end(pipe, step, timestep, tensors):
        if step == 1:
            raise ValueError("in the middle")
        return tensors

    return pipe(**cell.stock(), callback_on_step_end=at_end).images[0]
