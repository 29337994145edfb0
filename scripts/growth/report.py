"""What the page shows of the curves: their exponents, as plots and tables."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from growth.power_law import FEWEST, fit, in_upper_half
from mmbench.artifacts import Artifact, Plot, Table
from mmbench.reporting.style import INK, OKABE_ITO, PAPER
from mmbench_reports.figures import panels, set_title
from mmbench_reports.formatting import counted, each, interval, measured, signed
from mmbench_reports.labels import at_line_ends, freeze

__all__ = ["laws", "least", "section"]

AXES = {
    "samples": "training samples",
    "modalities": "modalities",
    "tokens": "tokens a modality",
    "classes": "classes",
    "lanes": "lanes",
    "jobs": "jobs or records",
}
"""In the order of the panels."""
UNITS = {
    "train_seconds": ("ms an epoch", 1e3),
    "train_megabytes": ("MB", 1.0),
    "inference_seconds": ("µs a sample", 1e6),
    "seconds": ("seconds", 1.0),
    "megabytes": ("MB", 1.0),
}
"""Quantity -> the unit it is shown in, and how many of them its own unit is."""
COLOURS = [INK, *OKABE_ITO.values()]
FILLED = "Filled points are those that the exponent is fitted to."
FIGURES = {
    "growth_time": (
        ("train_seconds", "seconds"),
        "Time of one thread: of an epoch of a training, with its part in building the model, in lanes that "
        "of one run; and of what surrounds trainings. It is the processor's, without waiting for the disk, and "
        "the least of the turns. " + FILLED,
    ),
    "growth_memory": (
        ("train_megabytes", "megabytes"),
        "Memory at its peak: of a training's tensors, the data and all lanes included; against jobs and records, "
        "by how much the resident memory of a fresh process grew. " + FILLED,
    ),
    "growth_inference": (
        ("inference_seconds",),
        "Time of a forward pass, a sample of a batch, by the wall's clock: the least of the turns' medians. "
        + FILLED,
    ),
}
"""Name of plot and table -> the quantities they show, and the plot's caption."""


def section(measurements: pd.DataFrame) -> list[Artifact]:
    """A plot and a table each of time, memory and inference."""
    curves, found = least(measurements), list[Artifact]()
    for name, (quantities, caption) in FIGURES.items():
        own = curves[curves["quantity"].isin(quantities)]
        found += [_plot(name, caption, own), _table(name, laws(own))]
    return found


def least(measurements: pd.DataFrame) -> pd.DataFrame:
    """The least value of the turns: `quantity`, `axis`, `series`, `size`, `value`, by axis and size.

    What was too small to be seen, as memory is that needs no new page, is left out.
    """
    seen = measurements[measurements["value"] > 0]
    keys = ["quantity", "axis", "series", "size"]
    curves = seen.groupby(keys, sort=False, as_index=False).agg(value=("value", "min"))
    curves["axis"] = pd.Categorical(curves["axis"], list(AXES))
    ordered: pd.DataFrame = curves.sort_values(["axis", "size"], kind="stable", ignore_index=True)
    return ordered


def laws(curves: pd.DataFrame) -> pd.DataFrame:
    """The power law of every one of the `least` curves that has three points or more.

    Returns:
        A row a curve: `quantity`, `axis`, `series`, `exponent`, `low`, `high`, `residual`, `fitted_from`, `to`,
        `first` and `last` (values at the smallest and the largest size).

    """
    keys = ["quantity", "axis", "series"]
    return pd.DataFrame(
        {**dict(zip(keys, names, strict=True)), **_law(curve["size"], curve["value"])}
        for names, curve in curves.groupby(keys, sort=False, observed=True)
        if len(curve) >= FEWEST
    )


def _law(sizes: pd.Series[int], values: pd.Series[float]) -> dict[str, float]:
    return {
        **vars(fit(sizes, values)),
        "fitted_from": sizes[in_upper_half(sizes)].iloc[0],
        "to": sizes.iloc[-1],
        "first": values.iloc[0],
        "last": values.iloc[-1],
    }


def _plot(name: str, caption: str, curves: pd.DataFrame) -> Plot:
    groups = [group for _, group in curves.groupby("axis", observed=True)]
    figure, axes = panels(len(groups), 2, 3.0)
    for ax, group in zip(axes, groups, strict=True):
        _lines(ax, group)
    freeze(figure)
    for ax, group in zip(axes, groups, strict=True):
        _name(ax, group)
    return Plot(name, caption, figure, f"{len(groups)} panels of curves on logarithmic scales")


def _lines(ax: Axes, curves: pd.DataFrame) -> None:
    unit, factor = UNITS[curves["quantity"].iloc[0]]
    for series, colour in _colours(curves).items():
        curve = curves[curves["series"] == series]
        sizes, values = curve["size"], curve["value"] * factor
        faces = np.where(in_upper_half(sizes), colour, PAPER)
        ax.plot(sizes, values, color=colour, linewidth=1.2, zorder=2)
        ax.scatter(sizes, values, s=14, c=faces, edgecolors=colour, linewidths=1, zorder=3)
    ax.set_ylabel(unit)
    set_title(ax, f"against {AXES[curves['axis'].iloc[0]]}")
    _scale(ax, curves["size"].unique()[::2])


def _scale(ax: Axes, ticks: npt.NDArray[np.int64]) -> None:
    """Logarithmic axes, of a decade at least, so that what does not grow looks flat."""
    ax.set_xscale("log")
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    if high < 10 * low:
        ax.set_ylim((low * high / 10) ** 0.5, (low * high * 10) ** 0.5)
    ax.set_xticks(ticks)
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 200 * low else (1.0,)))
    for axis, form in ((ax.xaxis, "{x:,.0f}"), (ax.yaxis, "{x:g}")):
        axis.set_major_formatter(StrMethodFormatter(form))
        axis.set_minor_formatter(NullFormatter())


def _name(ax: Axes, curves: pd.DataFrame) -> None:
    _, factor = UNITS[curves["quantity"].iloc[0]]
    exponents = laws(curves).set_index("series")["exponent"]
    ends = curves.groupby("series", sort=False).last().loc[exponents.index]
    # Adding 0 makes of −0 what has no sign.
    rounded = {series: round(exponent, 2) + 0 for series, exponent in exponents.items()}
    names = [f"{series} n^{exponent:.2f}".replace("-", "−") for series, exponent in rounded.items()]
    colours = [_colours(curves)[series] for series in ends.index]
    at_line_ends(ax, list(ends["size"]), list(ends["value"] * factor), names, colours, 32)


def _colours(curves: pd.DataFrame) -> dict[str, str]:
    return dict(zip(curves["series"].unique(), COLOURS, strict=False))


def _table(name: str, table: pd.DataFrame) -> Table:
    unit, factor = (table["quantity"].map({k: v[i] for k, v in UNITS.items()}) for i in (0, 1))
    shown = pd.DataFrame(
        {
            "against": table["axis"].map(AXES),
            "of": table["series"],
            "exponent": each(signed, table["exponent"]),
            "95 % interval": each(interval, table["low"], table["high"]),
            "worst point off": [f"{residual:.1%}" for residual in table["residual"]],
            "fitted from": each(counted, table["fitted_from"]),
            "to": each(counted, table["to"]),
            "at the smallest": each(measured, table["first"] * factor),
            "at the largest": each(measured, table["last"] * factor),
            "unit": unit,
        }
    )
    caption = (
        "Exponents of the fitted power laws, by least squares on logarithmic scales over the upper half of each "
        "range, with Student intervals. Where the worst point is far off, no power law describes the curve."
    )
    return Table(name, caption, table, shown)
