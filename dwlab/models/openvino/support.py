"""Which models OpenVINO can compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput, ModelError
from ...spec import catalog, families
from .library import check_installed

if TYPE_CHECKING:
    from pathlib import Path

# tried against torch, with their pipelines
DENOISERS = frozenset({"UNet2DConditionModel"})
DTYPES = ("float32", "bfloat16")


def check(backend: str, name: str, folder: Path, dtype: str) -> None:
    """Raise for a model in a folder that the backend does not compute here.

    Raises MissingExtra if OpenVINO is not installed, InvalidInput for a dtype and ModelError for a
    family that it does not do.
    """
    if backend != "openvino":
        return
    check_installed()
    if dtype not in DTYPES:
        allowed = f"{' or '.join(DTYPES)} with backend: openvino"
        raise InvalidInput("dtype", dtype, allowed)
    family = families.of(catalog.lookup(str(folder)).pipeline or "")
    if family is not None and (family.packed is None or family.packed.denoiser not in DENOISERS):
        raise ModelError(
            f"backend openvino: not for {name!r}, a {family.pipeline}; take torch (leave the profile "
            "or the backend out)"
        )
