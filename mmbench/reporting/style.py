"""Colours shared by the page and its plots."""

from __future__ import annotations

__all__ = ["INK", "MUTED", "OKABE_ITO", "PAPER", "PLOT_VARIABLES", "RULE", "SHADE"]

INK = "#1f2328"
MUTED = "#69707a"
RULE = "#d4d7dc"
SHADE = "#eceef1"
PAPER = "#fefefe"

OKABE_ITO = {
    "blue": "#0072b2",
    "vermilion": "#d55e00",
    "green": "#009e73",
    "purple": "#cc79a7",
    "orange": "#e69f00",
    "sky": "#56b4e9",
}
"""Distinguishable with any colour vision: Okabe & Ito, Color Universal Design (2008)."""

PLOT_VARIABLES = {INK: "ink", MUTED: "muted", RULE: "rule", SHADE: "shade", PAPER: "paper"}
"""Colours that the page sets by a CSS variable, so that plots follow its light or dark scheme."""
