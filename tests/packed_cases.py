"""Cells of every pipeline whose pictures share forwards, by names such as `sdxl`, `sd@image` and `control flux@text`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import tiny
import tiny_refiner
from controlled import KINDS, Controlled
from edit_pictures import BUILD, EditModel
from family_pictures import PACKED, Family
from ip_adapter_pictures import TASKS as ADAPTED
from ip_adapter_pictures import AdaptedFamily
from qwen_edit_pictures import QwenEditModel
from refiner_pictures import TwoStages
from start_pictures import half_mask, noise_picture
from task_pictures import TaskFamily

from dwlab.models import loading
from dwlab.spec import control_kinds, tasks
from dwlab.spec.params import GenerationParams
from dwlab.spec.probes import PROBES

if TYPE_CHECKING:
    from dwlab.models.loading import Model

# besides text
OF_PICTURES = {
    tasks.IMAGE: ("sd", "sdxl", "lcm", "sd3", "flux", "chroma", "qwen_image", "z_image", "klein"),
    tasks.INPAINTING: (
        "sd", "sdxl", "sd_nine", "sdxl_nine", "sd3_sixteen", "flux", "qwen_image", "z_image", "klein",
    ),
}  # fmt: skip


# changes of a recipe, the same for all its cells
RECIPES = {
    "guidance_interval": {"accelerate": {"guidance_interval": [0.2, 0.8]}},
    "guidance_every": {"accelerate": {"guidance_every": 2}},
    "deep_cache": {"accelerate": {"deep_cache": 2}},
    "token_merging": {"accelerate": {"token_merging": 0.4}},
    "weights": {"prompt": "a (red)1.4 circle", "prompt_weighting": "compel"},
    "long": {"prompt": "a red circle " * 40, "long_prompt": "chunk"},
    "noise": {"noise": "a1111-cuda"},
    "probes": {},
}


@dataclass(frozen=True)
class Case:
    """A model in memory, and cells that it draws together."""

    model: Model
    cells: list[GenerationParams]
    probes: tuple[str, ...] = ()


def names():
    """The names of all cases, by what they have in common."""
    of_pictures = [f"{one}@{task}" for task, families in OF_PICTURES.items() for one in families]
    edits = [f"edit {name}" for name in BUILD]
    controls = [
        f"control {name}@{task}" for name, kind in KINDS.items() for task in _table(kind).pipelines
    ]
    return {
        "texts": list(PACKED),
        "pictures": [*of_pictures, *edits],
        "controls": controls,
        "stages": [
            *(f"ip_adapter {name}@{task}" for name, task in ADAPTED),
            "refiner",
            "two_stages",
        ],
        "recipes": [f"recipe {name}" for name in RECIPES],
        "qwen_edits": ["qwen_edit", "qwen_edit_plus", "qwen_edit@inpainting"],
    }


def _table(kind):
    return next(each for each in control_kinds.KINDS if each.net == kind.net_class)


def case(name, folder):
    """A case by its name; what it needs is written to a folder."""
    drawing, _, task = name.partition("@")
    kind, _, rest = drawing.partition(" ")
    makers = {
        "control": _controlled, "edit": _edit, "ip_adapter": _adapted, "klein": _klein, "refiner": _refiner,
        "two_stages": _two_stages,
        "qwen_edit": _qwen_edit, "qwen_edit_plus": _qwen_edit, "recipe": _recipe,
    }  # fmt: skip
    make = makers.get(kind, _of_family)
    return make(rest or kind, task, folder)


def _of_family(name, task, folder):
    if not task:
        one = Family(name, folder)
        return Case(one.model, one.cells)
    one = TaskFamily(name, folder)
    return Case(one.model, one.cells(task))


def _controlled(name, task, folder):
    one = Controlled(name, folder)
    return Case(one.model, one.cells(task))


def _edit(name, _task, folder):
    one = EditModel(name, folder)
    return Case(one.model, one.cells)


def _qwen_edit(name, task, folder):
    one = QwenEditModel(name, folder, inpaints=bool(task))
    cells = one.cells
    # it draws a megapixel, whatever the size
    return Case(one.model, [cells[0].replace(steps=1)] if task else cells)


def _adapted(name, task, folder):
    one = AdaptedFamily(name, folder)
    changes = {}
    if task != tasks.TEXT:
        changes = {"image": noise_picture(0), "strength": 0.8}
    if task == tasks.INPAINTING:
        changes["mask"] = half_mask(0)
    # those of one adapter, which share forwards
    cells = [cell for cell in one.mixed(**changes) if len(cell.ip_adapter) == 1]
    return Case(loading.load(one.folder, "cpu"), cells)


def _klein(name, task, folder):
    one = Family(name, folder)
    if not task:
        return Case(one.model, one.cells)
    # it takes no smaller ones
    size = (64, 64)
    changes = {"width": 64, "height": 64, "image": noise_picture(0, size)}
    if task == tasks.INPAINTING:
        changes |= {"mask": half_mask(0, size), "strength": 0.7}
        changes["call"] = {}
    return Case(one.model, [cell.replace(**changes) for cell in one.cells[:3]])


def _refiner(_name, _task, folder):
    tiny_refiner.pipeline().save_pretrained(folder)
    cells = [
        GenerationParams(
            "a red circle", model=str(folder), seed=seed, steps=3 + seed, guidance=4.0, width=16, height=16,
            image=noise_picture(seed), strength=0.8,
        )
        for seed in range(3)
    ]  # fmt: skip
    return Case(loading.load(str(folder), "cpu"), cells)


def _two_stages(_name, _task, folder):
    tiny.sdxl().save_pretrained(folder / "base")
    tiny_refiner.pipeline().save_pretrained(folder / "refiner")
    stages = TwoStages(folder)
    cells = [
        stages.cell(0, guidance=1.0),
        stages.cell(1, 0.8, guidance=4.0, steps=6),
        stages.cell(2, guidance=4.0, scheduler="HeunDiscreteScheduler"),
    ]
    return Case(loading.load(str(folder / "base"), "cpu"), cells)


def _recipe(name, _task, _folder):
    cells = [
        GenerationParams("a red circle", seed=seed, steps=4 + seed, guidance=3.0 + seed)
        for seed in range(3)
    ]
    changed = [cell.replace(**RECIPES[name]) for cell in cells]
    return Case(loading.load("shapes", "cpu"), changed, tuple(PROBES) if name == "probes" else ())
