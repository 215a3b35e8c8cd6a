"""Guidance in some steps only, beside a loop that calls the stock parts by hand."""

from __future__ import annotations

import functools

import pytest
import torch
from counting import Rows
from side_by_side import check_equal, fresh, made
from start_pictures import noise_picture

import dwlab
from dwlab.errors import InvalidInput
from dwlab.models import loading
from dwlab.models.settings import denoiser_of
from dwlab.models.tasks import pipeline_for
from dwlab.spec.params import GenerationParams

GUIDANCE = 4.0
SCHEDULERS = ("DDIM", "Heun", "DPM2", "DPM++ 2M", "Euler", "PNDM")


@pytest.fixture(scope="module")
def shapes():
    return loading.load("shapes", "cpu")


def by_hand(model, params, is_guided, *, reuse=False):
    """The loop of diffusers' documentation, with guidance in some steps. is_guided: by step, of all steps."""
    pipeline = fresh(model.pipeline)
    scheduler = loading.scheduler_for(model, params)
    with torch.inference_mode():
        prompt, nothing = pipeline.encode_prompt(params.prompt, "cpu", 1, True)
        scheduler.set_timesteps(params.steps)
        shape = (1, 4, params.height // 8, params.width // 8)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(params.seed))
        latents = noise * scheduler.init_noise_sigma
        steps = -(-len(scheduler.timesteps) // scheduler.order)
        change = None
        for number, timestep in enumerate(scheduler.timesteps):
            scaled = scheduler.scale_model_input(latents, timestep)
            with_prompt = pipeline.unet(scaled, timestep, prompt).sample
            answer = with_prompt
            if is_guided(number // scheduler.order, steps) or (reuse and change is None):
                without = pipeline.unet(scaled, timestep, nothing).sample
                change = with_prompt - without
                answer = without + params.guidance * change
            elif reuse:
                answer = with_prompt + (params.guidance - 1) * change
            latents = scheduler.step(answer, timestep, latents).prev_sample
        decoded = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor).sample
    return pipeline.image_processor.postprocess(decoded, "pil")[0]


def in_middle(step, steps):
    return 0.3 <= step / steps < 0.7


def at_every_third(step, _steps):
    return step % 3 == 0


def cells(schedulers):
    base = functools.partial(GenerationParams, "a large blue star", steps=7, guidance=GUIDANCE)
    interval = {"guidance_interval": [0.3, 0.7]}
    every = {"guidance_every": 3}
    return (
        [base(scheduler=name, accelerate=interval) for name in schedulers],
        [base(scheduler=name, accelerate=every) for name in schedulers],
    )


def check_beside_a_loop(shapes, schedulers):
    interval, every = cells(schedulers)
    expected = [by_hand(shapes, params, in_middle) for params in interval]
    expected += [by_hand(shapes, params, at_every_third, reuse=True) for params in every]
    accelerated = [*interval, *every]
    check_equal(made(accelerated, model=shapes, pack=1), expected)
    plain = [params.replace(accelerate="none", seed=5) for params in interval]
    with Rows(denoiser_of(shapes.pipeline)) as rows:
        pictures = made([*accelerated, *plain], model=shapes)
    check_equal(pictures[: len(expected)], expected)
    # they shared forwards
    assert max(rows) > 2 * len(schedulers)


def test_pictures_are_those_of_a_loop_by_hand_also_beside_plain_cells(shapes):
    check_beside_a_loop(shapes, ("DDIM", "Heun"))


@pytest.mark.slow
def test_so_they_are_with_other_schedulers(shapes):
    check_beside_a_loop(shapes, ("DPM2", "DPM++ 2M", "Euler", "PNDM", "UniPC"))


def test_in_exact_mode_a_picture_does_not_depend_on_its_company(shapes):
    interval, every = cells(["DDIM"])
    accelerated = [params.replace(steps=3) for params in (*interval, *every)]
    alone = [made([params], model=shapes, exact=8)[0] for params in accelerated]
    together = made([*accelerated, accelerated[0].replace(seed=4)], model=shapes, exact=8)
    for picture, other in zip(alone, together, strict=False):
        assert picture.image.tobytes() == other.image.tobytes()


def rows_of_calls(model, params):
    with Rows(denoiser_of(model.pipeline)) as rows:
        dwlab.generate(params.prompt, model=model, **{
            name: value for name, value in vars(params).items() if name in ("steps", "guidance", "scheduler", "accelerate", "image", "strength")
        })  # fmt: skip
    return rows


@pytest.mark.parametrize(
    ("accelerate", "scheduler", "expected_rows"),
    [
        ({"guidance_interval": [0, 0.5]}, "DDIM", [2, 2, 1, 1]),
        # both calls of a step of second order are alike
        ({"guidance_interval": [0, 0.5]}, "Heun", [2, 2, 2, 2, 1, 1, 1]),
        ({"guidance_every": 2}, "DPM2", [2, 2, 1, 1, 2, 2, 1]),
        # the last difference must be known
        ({"guidance_every": 2, "guidance_interval": [0.25, 1]}, "DDIM", [1, 2, 2, 1]),
    ],
)
def test_steps_without_guidance_send_one_row(shapes, accelerate, scheduler, expected_rows):
    params = GenerationParams(
        "a star", steps=4, guidance=GUIDANCE, scheduler=scheduler, accelerate=accelerate
    )
    assert rows_of_calls(shapes, params) == expected_rows


def test_without_guidance_nothing_changes(shapes):
    plain = GenerationParams("a star", steps=3, guidance=1)
    cells = [plain, plain.replace(accelerate={"guidance_interval": [0, 0.5], "guidance_every": 2})]
    pictures = made(cells, model=shapes, pack=1)
    assert pictures[0].image.tobytes() == pictures[1].image.tobytes()


def test_a_run_from_a_picture_counts_by_the_whole_schedule(shapes):
    """As diffusers' documentation ends guidance, by a callback after a step."""
    picture = noise_picture(0, (128, 128))
    params = GenerationParams(
        "a star", steps=10, guidance=GUIDANCE, image=picture, strength=0.5,
        accelerate={"guidance_interval": [0, 0.7]},
    )  # fmt: skip
    assert rows_of_calls(shapes, params) == [2, 2, 1, 1, 1]

    def end_guidance(pipe, step, _timestep, tensors):
        if step == 1:
            pipe._guidance_scale = 0.0
            tensors["prompt_embeds"] = tensors["prompt_embeds"].chunk(2)[-1]
        return tensors

    stock = fresh(pipeline_for(shapes, "image").pipeline)
    expected = stock(
        prompt="a star", image=picture, strength=0.5, num_inference_steps=10, guidance_scale=GUIDANCE,
        generator=torch.Generator().manual_seed(0), callback_on_step_end=end_guidance,
        callback_on_step_end_tensor_inputs=["latents", "prompt_embeds"],
    ).images[0]  # fmt: skip
    check_equal(made([params], model=shapes), [expected])


@pytest.mark.slow
def test_probes_and_previews_tell_the_same_of_a_picture_alone_and_packed(shapes):
    base = GenerationParams("a star", steps=4, guidance=GUIDANCE, width=64, height=64)
    accelerators = ({"guidance_interval": [0, 0.5]}, {"deep_cache": 2}, {"token_merging": 0.5})
    cells = [base.replace(accelerate=each) for each in accelerators]
    probes = ["guidance_norm", "latent_norm", "x0"]
    alone = made(cells, model=shapes, pack=1, probes=probes)
    together = made(cells, model=shapes, probes=probes)
    for one, other in zip(alone, together, strict=True):
        for trace, packed in zip(one.traces, other.traces, strict=True):
            values = [value for value in trace.values if value is not None]
            packed_values = [value for value in packed.values if value is not None]
            assert values == pytest.approx(packed_values, rel=1e-3)
    lengths = [[len(trace.values) for trace in picture.traces] for picture in alone]
    assert lengths[1] == lengths[2] == [4, 4, 4]
    guidance_norm = next(trace for trace in alone[0].traces if trace.name == "guidance_norm")
    assert guidance_norm.steps == (1, 2)


IN_ONE_CALL = [
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("sd", "sdxl", "sd3", "pixart", "pixart_alpha", "sana", "kolors", "auraflow", "hunyuandit", "cogview3plus")
]  # fmt: skip


@pytest.mark.parametrize("name", IN_ONE_CALL)
def test_every_family_draws_as_if_both_answers_were_the_prompts(family, name):
    model = family(name).model
    guided = next(cell for cell in family(name).cells if cell.guidance > 1 and cell.steps > 2)
    accelerated = guided.replace(accelerate={"guidance_interval": [0, 0.5]})
    denoiser = denoiser_of(model.pipeline)
    calls = []

    def take_prompts_answer(_module, _arguments, output):
        calls.append(1)
        if (len(calls) - 1) / guided.steps < 0.5:
            return output
        return (torch.cat([output[0][1:], output[0][1:]]), *output[1:])

    hook = denoiser.register_forward_hook(take_prompts_answer)
    try:
        expected = family(name).stock(guided)
    finally:
        hook.remove()
    check_equal(made([accelerated], model=model, pack=1), [expected])
    check_equal(made([accelerated, guided.replace(seed=9)], model=model)[:1], [expected])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["qwen_image", "cogview4", "lumina2", "chroma", "ovis"])
@pytest.mark.parametrize("accelerator", ["guidance_interval", "guidance_every"])
def test_families_that_ask_twice_per_step_ask_once_where_guidance_is_off(family, name, accelerator):
    model = family(name).model
    guided = (
        family(name).cells[0].replace(negative_prompt="a blue star", steps=4, guidance=GUIDANCE)
    )
    settings = {"guidance_interval": [0, 0.5], "guidance_every": 2}[accelerator]
    accelerated = guided.replace(accelerate={accelerator: settings})
    answers, change = [], []

    def exchange_second(_module, _arguments, output):
        """In steps without guidance the second answer is the first, less what the prompt last changed."""
        answers.append(output[0])
        step, is_second = divmod(len(answers) - 1, 2)
        if not is_second:
            return output
        if step < 2 if accelerator == "guidance_interval" else step % 2 == 0:
            change[:] = [answers[-2] - output[0]]
            return output
        less = change[0] if accelerator == "guidance_every" else 0
        return (answers[-2] - less, *output[1:])

    hook = denoiser_of(model.pipeline).register_forward_hook(exchange_second)
    try:
        expected = family(name).stock(guided)
    finally:
        hook.remove()
    assert len(answers) == 8
    with Rows(denoiser_of(model.pipeline)) as rows:
        check_equal(made([accelerated], model=model, pack=1), [expected])
    assert sum(rows) == 6
    check_equal(made([accelerated, guided.replace(seed=9)], model=model)[:1], [expected])


@pytest.mark.parametrize("name", ["lcm", "flux"])
def test_families_that_are_told_the_guidance_are_refused(family, name):
    params = family(name).cells[0].replace(accelerate={"guidance_every": 2})
    with pytest.raises(InvalidInput, match=r"accelerate\.guidance_every"):
        dwlab.generate(**{**params.as_dict(), "model": family(name).model})
