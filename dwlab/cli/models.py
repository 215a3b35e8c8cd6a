"""`dwlab models`: models by name, what they cost to get, and their downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InvalidInput, ModelError
from .command import command, default_command, new_app
from .completion import model_names
from .models_check import check
from .models_join import join
from .tables import show_table

if TYPE_CHECKING:
    from ..models.availability import Offer
    from ..spec.model_entry import Entry

app = new_app("Models by name: what is here, what they cost to get, their licences.")
command(app)(check)
command(app)(join)
ModelArgument = Annotated[
    str,
    typer.Argument(
        help="A catalog name or hub id (owner/name, owner/name@revision).",
        autocompletion=model_names,
    ),
]
VariantOption = Annotated[
    str | None, typer.Option(help="Form of the model's weights, like fp16.", metavar="NAME")
]
NOT_CHECKED = "not checked"
# what people choose by comes first: a narrow terminal has no room for all
HEAD = ("model", "task", "files", "licence", "pixels", "steps", "guidance", "repository")


@default_command(app)
def models(
    online: Annotated[
        bool, typer.Option("--online", help="Ask the hub for sizes and licences.")
    ] = False,
    families: Annotated[
        bool, typer.Option("--families", help="List the kinds of models instead, and their state.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As a Markdown table, without what is here.")
    ] = False,
) -> None:
    """List the models that dwlab knows by name.

    Examples:
        dwlab models
        dwlab models --online
        dwlab models check my-model.safetensors
    """
    from ..spec import catalog, catalog_table

    if families:
        _show_families(markdown=markdown)
        return
    if markdown:
        typer.echo(catalog_table.markdown())
        return
    entries = [*catalog.CATALOG.values(), *catalog.PARTS.values()]
    faults: list[str] = []
    rows = [_row(entry, faults, online=online) for entry in entries]
    show_table(rows, HEAD, numbers=(5, 6))
    typer.echo(
        "Any diffusers folder or hub id (owner/name, owner/name@revision) works too. Licences and "
        f"terms were read on {catalog.KNOWN.read}; `dwlab models show NAME` asks the hub for "
        "today's, and for the size of the download."
    )
    for fault in faults:
        typer.echo(f"dwlab: {fault}", err=True)


def _show_families(*, markdown: bool) -> None:
    """Print the table of families: their defaults, and what is tested and packed."""
    from ..spec import families_table

    if markdown:
        typer.echo(families_table.markdown())
        return
    show_table(families_table.rows(), families_table.HEAD, numbers=(2, 3))
    typer.echo()
    show_table(families_table.refused_rows(), families_table.REFUSED_HEAD)


def _row(entry: Entry, faults: list[str], *, online: bool) -> tuple[str, ...]:
    """A model's defaults, and where its files are."""
    offer = None
    if online and entry.hub:
        offer = _asked(entry, faults)
    task = entry.hub.task if entry.hub else "text-to-image"
    pixels = f"{entry.width}x{entry.height}" if entry.width else ""
    defaults = (str(entry.steps), f"{entry.guidance:g}") if task != "controlnet" else ("", "")
    files, licence, source = _files(entry, offer)
    return entry.name, task, files, licence, pixels, *defaults, source


def _asked(entry: Entry, faults: list[str]) -> Offer | None:
    from ..models import availability

    try:
        return availability.ask(entry)
    except ModelError as error:
        faults.append(str(error))
        return None


def _files(entry: Entry, offer: Offer | None) -> tuple[str, str, str]:
    """(what is here and what is to get, the licence, where the files come from)."""
    from ..models import availability

    if entry.random:
        return "random weights", "", "for benchmarks"
    if entry.hub is None:
        return "here", "apache-2.0", "in dwlab"
    size = offer.bytes if offer else entry.hub.bytes
    here = availability.bytes_here(entry)
    if here is not None:
        files = f"here, {_gigabytes(here)}"
    elif size is not None:
        files = f"{_gigabytes(size)} to get"
    else:
        files = "not here"
    is_gated = offer.gated if offer else entry.hub.access == "gated"
    licence = (offer.licence if offer else None) or entry.hub.licence or NOT_CHECKED
    source = f"{entry.source} (mirror)" if entry.hub.mirror_of else entry.source
    return f"{files}, gated" if is_gated else files, licence, source


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 5e7 else f"{size / 1e6:,.1f} MB"


@command(app)
def show(model: ModelArgument, variant: VariantOption = None) -> None:
    """Ask the hub what a model takes to get, and say what is known of it.

    Examples:
        dwlab models show sd15
        dwlab models show owner/name --variant fp16
    """
    from ..models import availability
    from ..models.identity import is_here

    entry = _hub_entry(model)
    offer = availability.ask(entry, variant)
    if offer.is_part:
        is_complete = availability.part_here(entry, variant) is not None
    else:
        is_complete = is_here(model, variant)
    gone = entry.hub.mirror_of if entry.hub else None
    if offer.repository != entry.source:
        gone = entry.source
    lines = {
        "repository": offer.repository,
        "mirrors": f"{gone}, which has left the hub" if gone else None,
        "commit": offer.commit,
        "licence": offer.licence or "the repository names none",
        "terms": "must be accepted on its page first (gated)" if offer.gated else None,
        "variant": variant,
        "size": _gigabytes(offer.bytes),
        "here": "yes" if is_complete else f"no, {_gigabytes(offer.missing)} to get",
    }
    width = max(map(len, lines))
    for name, text in lines.items():
        if text:
            typer.echo(f"{name:<{width}}  {text}")


@command(app)
def pull(
    model: ModelArgument,
    variant: VariantOption = None,
    file: Annotated[
        str | None,
        typer.Option(help="One .safetensors file of the repository, like a LoRA.", metavar="NAME"),
    ] = None,
) -> None:
    """Download a model, or complete an interrupted download.

    Examples:
        dwlab pull sd15
        dwlab pull owner/name@revision --variant fp16
        dwlab pull owner/loras --file style.safetensors
    """
    from ..models import availability, hub
    from ..models.identity import identify, is_here

    if file:
        entry = _hub_entry(model)
        typer.echo(hub.file_of(hub.source_of(entry), file, entry.revision))
        return
    if is_here(model, variant):
        typer.echo(f"{model} is in {identify(model, variant=variant).folder}")
        return
    entry = _hub_entry(model)
    folder = availability.part_here(entry, variant)
    if folder is None:
        offer = availability.ask(entry, variant)
        licence = offer.licence or "the repository names none"
        typer.echo(
            f"{model}: {_gigabytes(offer.missing)} of {_gigabytes(offer.bytes)} to get; "
            f"licence: {licence}"
        )
        if offer.is_part:
            folder = hub.part_of(offer.repository, "", entry.revision, variant)
    folder = folder or identify(model, variant=variant).folder
    typer.echo(f"{model} is in {folder}")


def _hub_entry(model: str) -> Entry:
    """The entry of a model of the hub; raises InvalidInput for any other."""
    from ..spec import catalog

    entry = catalog.PARTS.get(model) or catalog.lookup(model)
    if entry.random or entry.local:
        raise InvalidInput("model", model, "a model of the hub; this one needs no download")
    return entry
