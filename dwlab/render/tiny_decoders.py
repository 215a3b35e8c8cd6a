"""Tiny autoencoders for previews, from a folder of the user's: one folder per family in it."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from .. import paths
from ..errors import ModelError, first_line
from ..models import trust
from ..models.part_loading import read_folder
from ..models.quiet import no_bars
from ..spec import families

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from ..models.loading import Model
    from .projection import Decoder

log = logging.getLogger(__name__)
CLASS = "AutoencoderTiny"


def of(model: Model) -> Decoder | None:
    """The user's decoder for a model's family; None if there is none, or it does not load."""
    folder = paths.preview_decoders()
    if folder is None:
        return None
    family = families.name(type(model.pipeline).__name__)
    return _read(folder / family, model.identity.device)


@functools.cache
def _read(folder: Path, device: str) -> Decoder | None:
    import torch

    if not folder.is_dir():
        return None
    try:
        trust.check_part(folder)
        with no_bars(), trust.no_code():
            network = read_folder("diffusers", CLASS, folder, torch.float32)
    except ModelError as error:
        log.warning("no previews by %s: %s", folder, error)
        return None
    # a folder's files can raise anything
    except Exception as error:  # noqa: BLE001
        log.warning("no previews by %s, which is no %s: %s", folder, CLASS, first_line(error))
        return None
    return functools.partial(_decode, network.to(device).eval())


def _decode(network: Any, plane: torch.Tensor) -> torch.Tensor | None:
    if len(plane) != network.config.latent_channels:
        return None
    colours: torch.Tensor = network.decode(plane[None].to(network.device)).sample[0]
    return colours / 2 + 0.5
