"""`/api/models`: the models that the server offers, with their limits."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter

from ...models.identity import is_here, usual_recipe
from ...spec import catalog, families, schedulers
from .. import schemas
from ..dependencies import State
from ..error_handlers import error_responses
from ..requests import offered_models

router = APIRouter()


@router.get("/api/models", responses=error_responses(422))
def list_models(state: State) -> schemas.ModelList:
    """The models that a request may name."""
    names = offered_models.names(state.settings)
    return schemas.ModelList(models=[_entry(name, state) for name in names])


def _entry(name: str, state: State) -> schemas.ModelEntry:
    settings = state.settings
    entry = catalog.lookup(name)
    usual = usual_recipe(name)
    limits = schemas.ModelLimits(
        width=entry.width,
        height=entry.height,
        side_min=entry.side_min,
        side_max=entry.side_max,
        max_pixels=settings.max_pixels,
        steps=usual.steps,
        max_steps=settings.max_steps,
        guidance=usual.guidance,
        max_images=settings.max_images,
    )
    return schemas.ModelEntry(
        id=name,
        name=Path(name).name,
        family=entry.family,
        loaded=any(device.model == name for device in state.worker.devices),
        workers=[device.name for device in state.worker.devices if name in device.models],
        default=name == settings.model,
        here=is_here(name),
        scheduler=usual.scheduler and schedulers.display_name(usual.scheduler, {}),
        schedulers=families.schedulers_for(entry.pipeline or "", usual.scheduler),
        limits=limits,
    )
