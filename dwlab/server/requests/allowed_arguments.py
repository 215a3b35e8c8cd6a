"""The arguments that a request may contain in `call` and `scheduler_options`, with their ranges.

A sweep in a file may contain anything that diffusers accepts. From the network, only arguments that
cost nothing are allowed: `solver_order: 100000000` would keep the machine busy for minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...spec.axes import RandomSeeds
from ...spec.prompt_text import PROMPT_LIMIT
from ...spec.value_rules import SWITCH, Choice, Number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...spec.sweep import SweepSpec


@dataclass(frozen=True)
class Text:
    """A prompt."""

    def allows(self, value: object) -> bool:
        """Whether a value is one of these."""
        return isinstance(value, str) and len(value) <= PROMPT_LIMIT

    def __str__(self) -> str:
        return f"text of at most {PROMPT_LIMIT:,} characters"


@dataclass(frozen=True)
class Pair:
    """Two whole numbers: a size, or a position in a picture."""

    def allows(self, value: object) -> bool:
        """Whether a value is one of these."""
        if not isinstance(value, list | tuple) or len(value) != 2:
            return False
        pixels = Number(0, 8192, whole=True)
        return all(pixels.allows(side) for side in value)

    def __str__(self) -> str:
        return "two whole numbers from 0 to 8192"


Rule = Number | Choice | Text | Pair
_SHARE = Number(0, 1)
_SCALE = Number(0, 100)


def _switches(*names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, Choice(SWITCH))


# Ranges are those of diffusers' documentation, or wider if it gives none and the cost is the same.
CALL: dict[str, Rule] = {
    "eta": _SHARE,
    "guidance_rescale": _SHARE,
    "clip_skip": Number(0, 12, whole=True),
    # only the empty text, which some pipelines treat differently from no text at all
    "negative_prompt": Choice(("", None)),
    "true_cfg_scale": _SCALE,
    "pag_scale": _SCALE,
    "pag_adaptive_scale": _SCALE,
    "cfg_truncation": _SHARE,
    "cfg_trunc_ratio": _SHARE,
    "max_sequence_length": Number(1, 512, whole=True),
    **dict.fromkeys(("prompt_2", "prompt_3", "negative_prompt_2", "negative_prompt_3"), Text()),
    **dict.fromkeys(("original_size", "target_size", "crops_coords_top_left"), Pair()),
    **dict.fromkeys(
        ("negative_original_size", "negative_target_size", "negative_crops_coords_top_left"), Pair()
    ),
    **_switches("cfg_normalization", "use_resolution_binning"),
}
SCHEDULER_OPTIONS: dict[str, Rule] = {
    "beta_start": Number(1e-6, 0.999),
    "beta_end": Number(1e-6, 0.999),
    "beta_schedule": Choice(("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "laplace")),
    "prediction_type": Choice(("epsilon", "sample", "v_prediction", "flow_prediction")),
    "timestep_spacing": Choice(("linspace", "leading", "trailing")),
    "timestep_type": Choice(("discrete", "continuous")),
    "interpolation_type": Choice(("linear", "log_linear")),
    "final_sigmas_type": Choice(("zero", "sigma_min")),
    "algorithm_type": Choice(
        ("dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++", "deis")
    ),
    "solver_type": Choice(("midpoint", "heun", "bh1", "bh2", "logrho")),
    "solver_order": Number(1, 3, whole=True),
    "variance_type": Choice(
        (
            "fixed_small",
            "fixed_small_log",
            "fixed_large",
            "fixed_large_log",
            "learned",
            "learned_range",
        )
    ),
    "time_shift_type": Choice(("exponential", "linear")),
    "steps_offset": Number(0, 10, whole=True),
    "sigma_min": Number(1e-6, 1000),
    "sigma_max": Number(1e-6, 1000),
    "lambda_min_clipped": Number(-100, 0),
    "clip_sample_range": _SCALE,
    "dynamic_thresholding_ratio": _SHARE,
    "sample_max_value": _SCALE,
    "shift": Number(0.01, 100),
    "flow_shift": Number(0.01, 100),
    "base_shift": Number(0, 10),
    "max_shift": Number(0, 10),
    "shift_terminal": _SHARE,
    "original_inference_steps": Number(1, 1000, whole=True),
    "timestep_scaling": Number(0, 1000),
    **_switches(
        "use_karras_sigmas",
        "use_exponential_sigmas",
        "use_beta_sigmas",
        "use_lu_lambdas",
        "use_flow_sigmas",
        "clip_sample",
        "set_alpha_to_one",
        "thresholding",
        "rescale_betas_zero_snr",
        "skip_prk_steps",
        "lower_order_final",
        "euler_at_final",
        "predict_x0",
        "stochastic_sampling",
    ),
}


@dataclass(frozen=True)
class Argument:
    """One argument in a sweep. field: its path there, like `axes.call.eta[0]`."""

    field: str
    name: str
    value: object


def check(sweep: SweepSpec) -> None:
    """Raise InvalidInput for an argument that a sweep from the network must not contain."""
    for parent, rules in (("call", CALL), ("scheduler_options", SCHEDULER_OPTIONS)):
        for argument in _arguments(sweep, parent):
            rule = rules.get(argument.name)
            if rule is None:
                allowed = f"{', '.join(sorted(rules))}, on this server"
                raise InvalidInput(argument.field, argument.name, allowed)
            if not rule.allows(argument.value):
                raise InvalidInput(argument.field, argument.value, f"{rule}, on this server")


def _arguments(sweep: SweepSpec, parent: str) -> Iterator[Argument]:
    """All arguments that a sweep has under `call` or `scheduler_options`, in its base and axes."""
    yield from _map_arguments(f"base.{parent}", sweep.base.get(parent, {}))
    for name, value in sweep.base.items():
        if name.startswith(f"{parent}."):
            yield Argument(f"base.{name}", name.partition(".")[2], value)
    for name, column in sweep.values.items():
        if name.partition(".")[0] != parent or isinstance(column, RandomSeeds):
            continue
        for index, value in enumerate(column):
            field = f"axes.{name}[{index}]"
            if name == parent:
                yield from _map_arguments(field, value)
            else:
                yield Argument(field, name.partition(".")[2], value)


def _map_arguments(field: str, arguments: object) -> Iterator[Argument]:
    if not isinstance(arguments, dict):
        raise InvalidInput(field, arguments, "a map from argument names to values")
    for name, value in arguments.items():
        yield Argument(f"{field}.{name}", name, value)
