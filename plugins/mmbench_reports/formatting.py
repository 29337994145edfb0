"""How numbers are written in tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

__all__ = [
    "change",
    "counted",
    "each",
    "first_of",
    "interval",
    "measured",
    "number",
    "one_line",
    "plus_minus",
    "signed",
]

NONE = "–"


def number(value: float) -> str:
    """A score: three decimals, or four significant digits from 10 on."""
    if not np.isfinite(value):
        return NONE
    size = abs(value)
    rounded = f"{size:.3f}" if size < 10 else f"{size:.4g}"
    return f"−{rounded}" if value < 0 and float(rounded) else rounded


def signed(value: float) -> str:
    """A difference of scores, with its sign."""
    if not np.isfinite(value):
        return NONE
    rounded = number(abs(value))
    return f"{'−' if value < 0 else '+'}{rounded}" if float(rounded) else rounded


def interval(low: float, high: float) -> str:
    """The two ends of an interval of a difference."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return NONE
    return f"[{signed(low)}, {signed(high)}]"


def change(value: float, low: float, high: float) -> str:
    """A difference, with its interval where it has one."""
    ends = interval(low, high)
    return signed(value) + (f" {ends}" if ends != NONE else "")


def plus_minus(mean: float, half_width: float) -> str:
    """A mean with half the width of its interval, where it has one."""
    return number(mean) + (f" ± {number(half_width)}" if np.isfinite(half_width) else "")


def measured(value: float) -> str:
    """A measured cost: three significant digits."""
    if not np.isfinite(value):
        return NONE
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def counted(value: float) -> str:
    """A count: as it is below ten thousand, then three significant digits with k, M or G."""
    if not np.isfinite(value):
        return NONE
    for scale, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= max(scale, 1e4):
            return f"{value / scale:#.3g} {unit}".replace(". ", " ")
    return f"{value:.0f}"


def each(form: Callable[..., str], *columns: Iterable[float]) -> list[str]:
    """`form` of every row of one or more columns."""
    return [form(*values) for values in zip(*columns, strict=True)]


def first_of(shown: int, total: int, noun: str) -> str:
    """What a caption says where not everything is drawn."""
    return f" Shown: the first {shown} of {total} {noun}." if shown < total else ""


def one_line(text: str, length: int = 200) -> str:
    """Text cut to a length that a cell can show."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"
