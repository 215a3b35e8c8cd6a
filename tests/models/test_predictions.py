"""The clean picture that a step predicts: as schedulers say themselves, and as the definition of noise levels has it."""

from __future__ import annotations

import inspect
import math

import diffusers
import pytest
import torch

from dwlab.models.watched_steps import watched
from dwlab.spec.schedulers import ALIASES, resolve

STEPS = 6
CLEAN = torch.linspace(-1, 1, 64).reshape(1, 4, 4, 4)
EPSILON, V, SAMPLE = "epsilon", "v_prediction", "sample"
# those whose step returns the clean sample besides the next one
TELLING = (
    "DDIMScheduler", "DDIMParallelScheduler", "DDPMScheduler", "EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler",
    "HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "LMSDiscreteScheduler",
)  # fmt: skip
OTHERS = ("SASolver", "TCD", "LMSDiscrete", "DDIMParallel", "DDPMParallel", "CogVideoXDDIM")
FLOWS = ("FlowMatchEulerDiscrete", "FlowMatchHeunDiscrete", "FlowMatchLCM")
FLOW_SOLVERS = (
    "DPMSolverMultistep",
    "DPMSolverSinglestep",
    "UniPCMultistep",
    "DEISMultistep",
    "SASolver",
)


def noise(seed=0):
    return torch.randn(CLEAN.shape, generator=torch.Generator().manual_seed(seed))


def variance_preserving(scheduler, timestep):
    """The alpha and sigma of the training at a timestep; between two, log(sigma) is interpolated."""
    alphas = scheduler.alphas_cumprod.double()
    logs = (((1 - alphas) / alphas) ** 0.5).log()
    low = min(int(timestep), len(logs) - 2)
    share = float(timestep) - low
    sigma = math.exp((1 - share) * logs[low] + share * logs[low + 1])
    return 1 / math.hypot(1, sigma), sigma / math.hypot(1, sigma)


def flow(scheduler, timestep):
    sigma = float(timestep) / scheduler.config.num_train_timesteps
    return 1 - sigma, sigma


def predictions(scheduler, kind, levels=variance_preserving, first=0):
    """What is predicted after each step, if the model knows that the clean sample is CLEAN."""
    scheduler.set_timesteps(STEPS)
    timesteps = scheduler.timesteps
    if first:
        timesteps = timesteps[first:]
        scheduler.set_begin_index(first)
    alpha, sigma = levels(scheduler, timesteps[0])
    sample = alpha * CLEAN + sigma * noise()
    if first:
        sample = scheduler.add_noise(CLEAN, noise(), timesteps[:1])
    elif levels is not flow:
        # those that scale their input begin with more noise
        sample *= float(scheduler.init_noise_sigma)
    predicted = []
    with watched(scheduler) as last:
        for timestep in timesteps:
            asked = scheduler.scale_model_input(sample, timestep) if levels is not flow else sample
            alpha, sigma = levels(scheduler, timestep)
            guess = (asked - alpha * CLEAN) / sigma
            answers = {EPSILON: guess, V: alpha * guess - sigma * CLEAN, SAMPLE: CLEAN}
            answer = guess - CLEAN if levels is flow else answers[kind]
            sample = scheduler.step(answer, timestep, sample, return_dict=False)[0]
            predicted.append(last.prediction.clean())
    return predicted


def all_are_clean(predicted):
    assert len(predicted) >= STEPS - 2
    # timesteps are rounded to whole ones by some schedulers, which changes their noise a little
    return all(torch.allclose(clean, CLEAN, atol=0.06) for clean in predicted)


@pytest.mark.parametrize("kind", [EPSILON, V])
@pytest.mark.parametrize("name", [name for name in ALIASES if name != "Flow match Euler"])
def test_under_a_perfect_model_each_step_of_each_scheduler_predicts_the_clean_picture(name, kind):
    scheduler, options = resolve(name)
    scheduler = getattr(diffusers, scheduler)(prediction_type=kind, **options)
    assert all_are_clean(predictions(scheduler, kind))


@pytest.mark.parametrize("name", OTHERS)
def test_so_does_each_step_of_the_other_schedulers(name):
    options = {"clip_sample": False} if "DD" in name else {}
    scheduler = getattr(diffusers, f"{name}Scheduler")(prediction_type=V, **options)
    assert all_are_clean(predictions(scheduler, V))


@pytest.mark.parametrize("name", FLOWS)
def test_flow_matching_predicts_it_by_the_straight_way(name):
    assert all_are_clean(predictions(getattr(diffusers, f"{name}Scheduler")(), "flow", flow))


@pytest.mark.parametrize("name", FLOW_SOLVERS)
def test_solvers_predict_it_for_models_of_flow_matching(name):
    options = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}
    scheduler = getattr(diffusers, f"{name}Scheduler")(**options)
    assert all_are_clean(predictions(scheduler, "flow", flow))


@pytest.mark.parametrize("name", ["Euler", "DPM++ 2M", "UniPC", "DDIM", "Euler a"])
def test_a_start_from_a_picture_predicts_it_from_its_first_step_on(name):
    scheduler, options = resolve(name)
    scheduler = getattr(diffusers, scheduler)(prediction_type=EPSILON, **options)
    if not hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index = lambda _first: None
    assert all_are_clean(predictions(scheduler, EPSILON, first=2))


@pytest.mark.parametrize("kind", [EPSILON, V, SAMPLE])
@pytest.mark.parametrize("name", TELLING)
def test_it_is_what_the_scheduler_itself_says(name, kind):
    scheduler = getattr(diffusers, name)(prediction_type=kind)
    if kind == SAMPLE and ("KDPM2" in name or "Ancestral" in name):
        pytest.skip("the scheduler does not take such models")
    assert said_by(scheduler) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("name", ["EDMEulerScheduler"])
def test_preconditioned_models_too(name):
    assert said_by(getattr(diffusers, name)()) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    "options", [{"clip_sample": True}, {"clip_sample": False, "thresholding": True}]
)
def test_it_is_limited_as_the_scheduler_limits_it(options):
    assert said_by(diffusers.DDPMScheduler(**options)) == pytest.approx(0, abs=1e-4)


def test_the_variance_of_models_that_say_it_is_left_out():
    scheduler = diffusers.DDPMScheduler(variance_type="learned_range")
    assert said_by(scheduler, channels=8) == pytest.approx(0, abs=1e-4)


def said_by(scheduler, channels=4):
    """The largest difference from the clean sample that a scheduler returns, under a random model."""
    scheduler.set_timesteps(STEPS)
    sample = noise() * scheduler.init_noise_sigma
    differences = []
    with watched(scheduler) as last:
        for number, timestep in enumerate(scheduler.timesteps):
            scheduler.scale_model_input(sample, timestep)
            output = torch.cat([noise(number + 1)] * (channels // 4), dim=1)
            step = scheduler.step(output, timestep, sample)
            difference = last.prediction.clean() - step.pred_original_sample
            # at the first steps, the clean sample of a random model is as large as the noise
            differences.append(
                float(difference.abs().max() / step.pred_original_sample.abs().max())
            )
            sample = step.prev_sample
    return max(differences)


def test_sana_sprint_predicts_in_the_scale_of_its_decoder():
    scheduler = diffusers.SCMScheduler()
    scheduler.set_timesteps(2)
    with watched(scheduler) as last:
        step = scheduler.step(noise(1), scheduler.timesteps[0], noise())
    said = step.pred_original_sample / scheduler.config.sigma_data
    assert torch.allclose(last.prediction.clean(), said, atol=1e-5)


def test_wuerstchen_predicts_it_by_its_cosine_schedule():
    scheduler = diffusers.DDPMWuerstchenScheduler()
    scheduler.set_timesteps(STEPS)
    timestep = scheduler.timesteps[2].expand(1)
    sample = scheduler.add_noise(CLEAN, noise(), timestep)
    with watched(scheduler) as last:
        scheduler.step(noise(), timestep, sample)
    assert torch.allclose(last.prediction.clean(), CLEAN, atol=1e-4)


def test_of_a_scheduler_that_is_not_known_nothing_is_predicted():
    scheduler = diffusers.IPNDMScheduler()
    scheduler.set_timesteps(STEPS)
    with watched(scheduler) as last:
        scheduler.step(noise(1), scheduler.timesteps[0], noise())
    assert last.prediction.clean() is None


def test_a_watched_scheduler_steps_as_ever_and_is_left_as_it_was():
    plain, other = diffusers.DDIMScheduler(), diffusers.DDIMScheduler()
    for scheduler in (plain, other):
        scheduler.set_timesteps(STEPS)
    timestep = plain.timesteps[0]
    signature = inspect.signature(plain.step)
    with watched(other) as last:
        assert last.prediction is None
        assert inspect.signature(other.step) == signature
        watched_step = other.step(noise(1), timestep, noise()).prev_sample
    assert torch.equal(watched_step, plain.step(noise(1), timestep, noise()).prev_sample)
    assert "step" not in vars(other)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("order", ["together", "prompt first", "apart"])
def test_it_is_what_the_model_says_of_the_prompt_before_guidance_carries_it_further(order, sign):
    scheduler = diffusers.DDIMScheduler(clip_sample=False)
    scheduler.set_timesteps(STEPS)
    timestep = scheduler.timesteps[0]
    other, prompt = noise(1), noise(2)
    answers = {
        "together": [torch.cat([other, prompt])],
        "prompt first": [torch.cat([prompt, other])],
        "apart": [prompt, other],
    }
    with watched(scheduler) as last:
        for answer in answers[order]:
            last.hear(None, None, (sign * answer,))
        scheduler.step(other + 7.5 * (prompt - other), timestep, noise())
    guided = last.prediction.clean()
    with watched(scheduler) as last:
        scheduler.step(prompt, timestep, noise())
    assert torch.allclose(guided, last.prediction.clean(), atol=1e-5)


@pytest.mark.parametrize(("guidance", "used"), [(1.3, 1.3), (7.5, 7.5), (20.0, 7.5)])
def test_a_guidance_of_its_own_goes_as_far_as_that_of_the_run(guidance, used):
    scheduler = diffusers.DDIMScheduler(clip_sample=False)
    scheduler.set_timesteps(STEPS)
    timestep = scheduler.timesteps[0]
    other, prompt = noise(1), noise(2)
    with watched(scheduler) as last:
        last.hear(torch.cat([other, prompt]))
        scheduler.step(other + 7.5 * (prompt - other), timestep, noise())
    clean = last.prediction.clean(guidance)
    with watched(scheduler) as last:
        scheduler.step(other + used * (prompt - other), timestep, noise())
    assert torch.allclose(clean, last.prediction.clean(), atol=1e-5)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_answers_that_guidance_does_not_explain_leave_the_guided_one(rows):
    scheduler = diffusers.DDIMScheduler(clip_sample=False)
    scheduler.set_timesteps(STEPS)
    predicted = []
    for answers in ([], [noise(seed) for seed in range(rows)]):
        with watched(scheduler) as last:
            for answer in answers:
                last.hear(answer)
            scheduler.step(noise(9), scheduler.timesteps[0], noise())
        predicted.append(last.prediction.clean())
    assert torch.equal(*predicted)
