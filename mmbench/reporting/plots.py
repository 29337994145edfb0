"""Plots as SVG and PNG files and as SVG inside the page; one figure always gives the same bytes."""

from __future__ import annotations

import contextlib
import html
import io
import re
import warnings
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmbench.reporting.style import PLOT_VARIABLES

__all__ = ["ignore_missing_letters", "inline_svg", "png", "svg"]

# Text stays text, which can be searched and read aloud; the salt makes identifiers reproducible.
_SETTINGS: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "mmbench"}
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}
_TAG = re.compile(r"<[^<>]+>")
_FORBIDDEN = re.compile(
    r"<\s*/?\s*(?:script|foreignObject|iframe|object|embed)\b|\shref=\"(?!#|data:image/png;)|\son\w+=",
    re.IGNORECASE,
)
_FONT = re.compile(r"font-family: [^;\"]+")
_DROPPED = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<style[^>]*>.*?</style>", re.DOTALL)


def svg(figure: Figure) -> str:
    """The figure as an SVG document."""
    buffer = io.StringIO()
    with mpl.rc_context(_SETTINGS), ignore_missing_letters():
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    return buffer.getvalue()


def png(figure: Figure, dpi: int = 160) -> bytes:
    """The figure as a PNG image."""
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    with ignore_missing_letters():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def inline_svg(document: str, name: str, alt: str) -> str:
    """An SVG document that Matplotlib wrote, as an element of the page.

    Identifiers get the plot's name before them, so that two plots never share one; the shared greys
    and the font become the page's CSS variables.

    Raises:
        ValueError: if a tag could act or ask for something from outside the page.

    """
    element = _DROPPED.sub("", document[document.index("<svg") :])
    element = _TAG.sub(lambda tag: _adapted(tag.group(0), name), element)
    return element.replace("<svg", f'<svg role="img" aria-label="{html.escape(alt)}"', 1).strip()


def _adapted(tag: str, name: str) -> str:
    if _FORBIDDEN.search(tag.replace("xlink:href", "href")):
        raise ValueError(
            f"Expected the SVG of plot {name!r} to be a drawing only. Found {tag[:80]}."
        )
    tag = tag.replace(' id="', f' id="{name}-')
    tag = tag.replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    tag = _FONT.sub("font-family: var(--sans)", tag)
    for colour, variable in PLOT_VARIABLES.items():
        tag = tag.replace(f": {colour}", f": var(--{variable})")
    return tag


@contextlib.contextmanager
def ignore_missing_letters() -> Iterator[None]:
    """No warning for letters that the font lacks: a box in the PNG is all that comes of them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        yield
