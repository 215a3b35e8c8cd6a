"""Cells on a worker: found again with the files of this machine, and refused if these are others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import DwlabError
from ..models import adapters, device, memory_plan, refiners
from ..models.controlnets import Nets
from ..models.identity import Identity, identify, omission_of
from ..models.settings import Settings
from ..models.versions import FURTHER, installed, versions
from ..pictures.inputs import Inputs, decode, store
from ..render.resolved_cell import ResolvedCell
from ..spec.compute import Compute
from ..spec.memory import AUTO
from ..spec.own_code import code as codes
from ..spec.params import GenerationParams
from . import wire

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..models.controlnets import ControlNet
    from ..spec.model_choice import ModelChoice

# packages whose versions a worker has in common with the process that runs the sweep
SAME_VERSIONS = ("dwlab", "torch", "diffusers", "transformers")


class Refused(DwlabError):
    """A worker would make other pictures than those that were planned.

    The text names what differs, with the values planned and here.
    """

    def __init__(self, field: str, planned: object, here: object) -> None:
        super().__init__(
            f"{field} is {here} on the worker, but {planned} where the run was planned"
        )


class Rebuilding:
    """What a document of `wire.parcel_of` describes, with the files of this machine.

    device_name: what this worker computes on. folder: for the pictures that cells start from.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        blobs: Mapping[str, bytes],
        device_name: str,
        folder: Path,
    ) -> None:
        self._document = document
        self._device = device.resolve(device_name)
        self._folder = folder
        self._nets = Nets(download=False)
        self._identities: dict[tuple[ModelChoice, int], Identity] = {}
        self._adapters: dict[tuple[adapters.Asked, Identity], adapters.Adapters] = {}
        self.compute = _compute(document["compute"])
        for digest, png in blobs.items():
            store(folder, decode("image", digest, png), digest)
        for values in document["code"]:
            code = codes.remember(wire.code_of(values))
            # the person at the process that sent it agreed; see `dwlab.runs.code_trust`
            codes.agree(code.digest)

    def check(self) -> None:
        """Raise Refused if this machine has other versions or another kind of device."""
        check_versions(self._document["versions"], versions() | installed(FURTHER))
        planned = self.compute.device
        if planned not in ("auto", self._device.partition(":")[0]):
            raise Refused("device", planned, self._device)

    def cells(self) -> list[ResolvedCell]:
        """The cells; raises Refused, ModelError or InvalidInput for what is not here as it was planned."""
        inputs = Inputs(self._folder)
        return [self._cell(entry, inputs) for entry in self._document["cells"]]

    def _cell(self, entry: Mapping[str, Any], inputs: Inputs) -> ResolvedCell:
        params = GenerationParams(**entry["params"])
        nets = self._nets.of(params)
        identity = self._identity(params, entry["model"], nets)
        added = self._adapters_of(params, identity)
        second = self._second(params, identity)
        key = params.key(
            identity.weights,
            identity.dtype,
            self.compute.exact,
            omission=omission_of(identity),
            adapters=added.key(),
        )
        if key != entry["key"]:
            raise Refused(f"the key of cell {entry['position']}", entry["key"], key)
        return ResolvedCell(entry["position"], params, identity, key, inputs, added, nets, second)

    def _identity(
        self, params: GenerationParams, number: int, nets: tuple[ControlNet, ...]
    ) -> Identity:
        """The model of a cell as it is on this machine."""
        known = (params.choice, number)
        if known not in self._identities:
            planned = self._document["models"][number]
            self._identities[known] = self._identified(params, planned, nets)
        return self._identities[known]

    def _identified(
        self, params: GenerationParams, planned: Mapping[str, Any], nets: tuple[ControlNet, ...]
    ) -> Identity:
        choice = params.choice
        identity = identify(
            choice.model,
            self._device,
            planned["dtype"],
            variant=choice.variant,
            config=choice.config,
            parts=choice.parts,
            download=False,
            settings=Settings.of(planned["settings"]),
            commit=planned["commit"],
        )
        if identity.weights != planned["weights"]:
            field = f"the fingerprint of model {identity.name!r}"
            raise Refused(field, planned["weights"], identity.weights)
        own_dtype = device.resolve_dtype(choice.dtype, self._device)
        if self.compute.profile is None and own_dtype != planned["dtype"]:
            raise Refused(f"dtype of model {identity.name!r}", planned["dtype"], own_dtype)
        is_automatic = AUTO in (self.compute.memory or ())
        fitted = memory_plan.fitted(identity, pixels=params.pixels, auto=is_automatic, nets=nets)
        return replace(fitted, pack=planned["pack"])

    def _adapters_of(self, params: GenerationParams, identity: Identity) -> adapters.Adapters:
        named = adapters.Asked(params.loras, params.embeddings, params.ip_adapter)
        if named == adapters.Asked():
            return adapters.NONE
        if (named, identity) not in self._adapters:
            _, self._adapters[named, identity] = adapters.find(named, identity)
        return self._adapters[named, identity]

    def _second(self, params: GenerationParams, first: Identity) -> Identity | None:
        """The refiner of a cell, in the settings of its first model."""
        if not params.refiner:
            return None
        (refiner,) = params.refiner
        choice = refiner.choice(params.choice)
        second = refiners.identify_beside(first, choice, download=False)
        if second.weights != refiner.weights:
            field = f"the fingerprint of refiner {second.name!r}"
            raise Refused(field, refiner.weights, second.weights)
        return memory_plan.fitted(second, pixels=params.pixels)


def check_versions(planned: Mapping[str, str], here: Mapping[str, str]) -> None:
    """Raise Refused if a version differs that pictures depend on; of torch up to its second number.

    planned: of what all pictures need, and of what these need besides. here: of all that is here.
    """
    further = [package for package in FURTHER if package in planned]
    for package in (*SAME_VERSIONS, *further):
        planned_version = _compared(package, planned.get(package, "not installed"))
        version = _compared(package, here.get(package, "not installed"))
        if version != planned_version:
            raise Refused(f"the version of {package}", planned_version, version)


def _compared(package: str, version: str) -> str:
    return ".".join(version.split(".")[:2]) if package == "torch" else version


def _compute(values: Mapping[str, Any]) -> Compute:
    memory = values["memory"]
    return Compute(
        device=values["device"],
        profile=values["profile"],
        pack=values["pack"],
        exact=values["exact"],
        memory=None if memory is None else tuple(memory),
        method_timeout=values["method_timeout"],
        probes=tuple(values["probes"]),
    )
