"""A sweep's report: one HTML file that opens anywhere, asks the network for nothing and runs nothing."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from .._util import yamlfile
from .._util.atomic import write_atomic
from .._util.durations import duration
from .._util.html import data_uri
from .._util.jsonfile import object_in
from ..analysis.findings import (
    Axis,
    axis_effects,
    constants,
    label,
    metrics_of,
    numbers,
    ranked_settings,
    seconds_column,
    swept,
)
from ..analysis.identical import identical_along
from ..analysis.quality import REMEDY, quality_of
from ..pictures.not_finite import nan_warning
from ..runs.results import open_picture
from ..spec.table_columns import PARAMETERS
from .grids import REASONS, grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from ..runs.outcome import Outcome
    from ..spec.sweep import SweepSpec

TEMPLATES = Path(__file__).parent / "templates"
PICTURES = 500  # thumbnails at most
THUMBNAIL = 128  # pixels stored; shown at 96, so that it stays sharp on a dense screen
ROWS = 40  # of an axis' table
FAILURES = 100
PNG_LIMIT = 1_500_000  # bytes; a larger contact sheet is embedded as a JPEG


@dataclass(frozen=True)
class _Effect:
    """One axis' section: rows of (value, mean, its bar in percent, spread, seconds, pictures) and two plots.

    timed: whether its values can decide how long a picture takes; those of a prompt or a seed cannot.
    """

    name: str
    rows: list[tuple[str, str, float, str, str, str]]
    left_out: int
    light: str
    dark: str
    span: str
    timed: bool


def save_report(
    table: pd.DataFrame,
    path: Path,
    *,
    title: str,
    outcome: Outcome | None = None,
    seconds: float | None = None,
    spec: SweepSpec | None = None,
    warnings: Sequence[str] = (),
) -> None:
    """Write the report of `table` to `path`, whole or not at all.

    outcome: how the run ended that the report is about; without one, only what the table holds is told.
    seconds: what that run took, by the clock on the wall. spec: the sweep, for whoever makes it again.
    warnings: sentences about the sweep, as of `dwlab.spec.no_effect.warnings`.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,  # prompts, errors and names are other people's text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    failed = int((table["status"] != "ok").sum()) if "status" in table else 0
    content = {
        "title": title,
        "cards": _cards(table, failed, outcome, seconds),
        "findings": [
            *warnings,
            *(outcome.notes if outcome else ()),
            *_nan(table),
            *identical_along(table),
            *_oddities(table),
        ],
        "failures": _failures(table),
        "failures_left_out": max(0, failed - FAILURES),
        "spec": spec,
        "experiment": yamlfile.dump(spec.as_dict()) if spec else "",
        **_content(table),
    }
    text = environment.get_template("report.html.j2").render(**content)
    write_atomic(Path(path), text.encode("utf-8", "replace"))


def _content(table: pd.DataFrame) -> dict[str, Any]:
    """What the table alone tells."""
    quality = quality_of(table)
    metric = quality or next(iter(metrics_of(table)), None)
    axes = swept(table)
    sheet, sheet_width = _sheet(table) if len(table) else ("", 0)
    return {
        "subtitle": _subtitle(table),
        "ranking": _ranking(table, quality),
        "unranked": REMEDY if len(table) and axes and not quality else "",
        "quality": quality,
        "metric": metric,
        "effects": _effects(table, metric) if metric else [],
        "times": _times(table),
        "sheet": sheet,
        "sheet_width": round(
            0.65 * sheet_width
        ),  # shrinks with the window down to here, then scrolls
        "pictures": [
            _picture(table, row, axes, k)
            for k, row in enumerate(table.head(PICTURES).to_dict("records"))
        ],
        "total": len(table),
        "fixed": constants(table),
        "versions": _versions(table),
    }


def _subtitle(table: pd.DataFrame) -> str:
    parts = []
    for name in ("experiment", "model", "device"):
        found = [str(v) for v in table[name].dropna().unique()] if name in table else []
        parts += [f"{name} {', '.join(found[:3])}{' …' if len(found) > 3 else ''}"] if found else []
    dates = sorted({str(d)[:10] for d in table["created"].dropna()}) if "created" in table else []
    return " · ".join(
        [*parts, " to ".join(dict.fromkeys((dates[0], dates[-1])))] if dates else parts
    )


def _cards(
    table: pd.DataFrame, failed: int, outcome: Outcome | None, seconds: float | None
) -> list[tuple[str, str, str, str]]:
    """(number, what it counts, a note, a tone) of each headline."""
    cells = (
        outcome.total if outcome else len(table)
    )  # those that no run reached are not in the table
    found = [(f"{len(table) - failed:,}", "pictures", f"of {cells:,} cells", "")]
    if outcome and outcome.reused:
        found.append((f"{outcome.reused:,}", "reused", "made by an earlier run", ""))
    found.append(
        (
            f"{failed:,}",
            "failed",
            *(("see the errors below", "bad") if failed else ("no errors", "good")),
        )
    )
    if outcome and outcome.left:
        found.append(
            (
                f"{outcome.left:,}",
                "not reached",
                "the run was stopped; the same sweep goes on",
                "bad",
            )
        )
    took = numbers(table, name).dropna() if (name := seconds_column(table)) else None
    each = f"{duration(float(took.median()))} a picture (median)" if took is not None else ""
    if seconds is not None:
        found.append((duration(seconds), "this run", each, ""))
    elif took is not None:
        found.append((duration(float(took.sum())), "of computing", each, ""))
    return found


def _ranking(table: pd.DataFrame, metric: str | None) -> list[tuple[str, str, str, int, int]]:
    """(best or worst, setting, mean, pictures, settings that do the same); empty where none stands out."""
    ranked = ranked_settings(table, metric) if metric else []
    if len(ranked) < 2 or ranked[0][1] == ranked[-1][1]:
        return []
    return [
        (word, setting, _number(mean), pictures, sum(other == mean for _, other, _ in ranked) - 1)
        for word, (setting, mean, pictures) in (("Best", ranked[0]), ("Worst", ranked[-1]))
    ]


def _effects(table: pd.DataFrame, metric: str) -> list[_Effect]:
    from .plots import metric_plot

    effects, found = axis_effects(table, metric), []
    seconds = axis_effects(table, name)["mean"] if (name := seconds_column(table)) else None
    low, high = effects["mean"].min(), effects["mean"].max()
    for axis in swept(table):
        own = effects[effects["axis"] == axis.name]
        rows = []
        for k, value, mean, spread, pictures in (
            own[["value", "mean", "spread", "pictures"]].head(ROWS).itertuples()
        ):
            share = (
                100 * (mean - min(low, 0)) / (high - min(low, 0))
                if high > min(low, 0) and not math.isnan(mean)
                else 0.0
            )
            took = _number(seconds[k]) if seconds is not None and not axis.of_content else "–"
            rows.append(
                (value, _number(mean), round(share, 1), _number(spread), took, f"{pictures:,}")
            )
        span = own["mean"].max() - own["mean"].min()
        light, dark = (
            _figure(metric_plot(table, metric, x=axis.names[0], dark=dark))
            for dark in (False, True)
        )
        effect = _Effect(
            axis.name,
            rows,
            max(0, len(own) - ROWS),
            light,
            dark,
            _number(span),
            not axis.of_content,
        )
        found.append((0.0 if math.isnan(span) else span, effect))
    # what moves the metric most is first
    return [effect for _, effect in sorted(found, key=lambda pair: -pair[0])]


def _times(table: pd.DataFrame) -> tuple[str, str] | None:
    from .plots import seconds_plot

    if "steps" not in table or table["steps"].nunique() < 2 or not seconds_column(table):
        return None
    return _figure(seconds_plot(table)), _figure(seconds_plot(table, dark=True))


def _oddities(table: pd.DataFrame) -> list[str]:
    found = []
    count = int((numbers(table, "blank") > 0).sum()) if "blank" in table else 0
    if count:
        found.append(
            f"{count:,} {'picture is' if count == 1 else 'pictures are'} of one colour only (column blank)"
        )
    return found


def _nan(table: pd.DataFrame) -> list[str]:
    warning = (
        nan_warning(list(numbers(table, "nan").dropna()), len(table)) if "nan" in table else None
    )
    return [f"{warning} (column nan)"] if warning else []


def _failures(table: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """(what happened, prompt, settings, error) of the first cells that failed."""
    if "status" not in table:
        return []
    axes = swept(table)
    places = [place for place, status in enumerate(table["status"]) if status != "ok"][:FAILURES]
    rows = table.iloc[places].to_dict("records")
    return [_failure(row, axes, place) for row, place in zip(rows, places, strict=True)]


def _failure(row: Mapping[Any, Any], axes: list[Axis], place: int) -> tuple[str, str, str, str]:
    status = str(row.get("status"))
    error = row.get("error")
    shown = error if isinstance(error, str) else "no error was noted"
    return (
        REASONS.get(status, status),
        str(row.get("prompt", "")),
        _settings(row, axes, place),
        shown,
    )


def _settings(row: Mapping[Any, Any], axes: list[Axis], place: int) -> str:
    """What sets a row apart, in words: its value on every axis but the prompt; without axes seed, steps and guidance."""
    parts = [axis.named(axis.column.iloc[place]) for axis in axes if axis.names != ("prompt",)]
    if not axes:
        parts = [
            f"{name} {label(row[name])}"
            for name in ("seed", "steps", "guidance")
            if row.get(name) is not None
        ]
    return " · ".join(parts).replace(" ", "\u00a0").replace("\u00a0·\u00a0", " · ")


def _picture(
    table: pd.DataFrame, row: Mapping[Any, Any], axes: list[Axis], place: int
) -> dict[str, Any]:
    good = row.get("status", "ok") == "ok"
    picture = open_picture(table, row.get("image")) if good else None
    quality = quality_of(table)
    score = row.get(quality)
    return {
        "image": _thumbnail(picture) if picture else "",
        "reason": REASONS.get(str(row.get("status", "ok")), str(row.get("status"))),
        "prompt": str(row.get("prompt", "")),
        "settings": _settings(row, axes, place),
        "score": f"{quality} {_number(float(score))}"
        if isinstance(score, int | float) and not _is_nan(score)
        else "",
        "key": str(row.get("key", "")),
        "recipe": recipe(row),
    }


def recipe(row: Mapping[Any, Any]) -> str:
    """The Python call that makes a row's picture again.

    Python's own quoting, so that no prompt can leave its string and hidden characters show.
    """
    given = {n: row.get(n) for n in PARAMETERS if n not in ("prompt", "call")}
    given |= {n: object_in(row.get(n)) for n in ("scheduler_options", "call")}
    kept = {n: _python(v) for n, v in given.items()}
    said = [
        f"{n}={v!r}"
        for n, v in kept.items()
        if v is not None and v not in ("", {}) and not _is_nan(v)
    ]
    return f"dwlab.generate({str(row.get('prompt', ''))!r}, {', '.join(said)})"


def _python(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value  # numpy's numbers print their type


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _versions(table: pd.DataFrame) -> list[str]:
    texts = list(table["versions"].dropna().unique()) if "versions" in table else []
    return [
        ", ".join(f"{k} {_scalar(v)}" for k, v in object_in(t).items()) or str(t) for t in texts[:5]
    ]


def _scalar(value: object) -> str:
    return (
        label(value)
        if isinstance(value, str | int | float | None)
        else json.dumps(value, default=str, ensure_ascii=False)
    )


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return (
        f"{value:.2f}"
        if abs(value) < 10
        else f"{value:,.1f}"
        if abs(value) < 1000
        else f"{value:,.0f}"
    )


def _visible(value: object) -> object:
    """Control characters as their pictures: a terminal or a parser could act on the real ones."""
    if type(value) is not str:
        return value
    return "".join(chr(0x2400 + ord(c)) if ord(c) < 32 and c not in "\n\r\t" else c for c in value)


def _thumbnail(picture: Image.Image) -> str:
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return _encoded(picture, "JPEG", quality=88, subsampling=0)


def _sheet(table: pd.DataFrame) -> tuple[str, int]:
    """The contact sheet as a data URI, and its width in pixels."""
    sheet = grid(table)
    encoded = _encoded(sheet, "PNG", optimize=True)
    if len(encoded) > PNG_LIMIT:
        encoded = _encoded(sheet, "JPEG", quality=85, subsampling=0)
    return encoded, sheet.width


def _figure(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return data_uri(buffer.getvalue(), "png")


def _encoded(picture: Image.Image, kind: str, **options: Any) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return data_uri(buffer.getvalue(), kind.lower())
