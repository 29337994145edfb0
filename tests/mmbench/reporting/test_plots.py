from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from matplotlib.figure import Figure

from mmbench.reporting.plots import inline_svg, png, svg
from mmbench.reporting.style import INK


def drawing(text: str = "a") -> Figure:
    figure = Figure(figsize=(2, 1.5))
    ax = figure.subplots()
    ax.plot([1, 2], [3, 4], marker="o", color=INK)
    ax.set_title(text)
    return figure


def test_the_same_figure_gives_the_same_bytes():
    assert svg(drawing()) == svg(drawing())
    assert png(drawing()) == png(drawing())


def test_files_carry_no_date():
    assert "<metadata" not in svg(drawing())
    assert "<dc:date" not in svg(drawing())


def test_png_is_an_image():
    assert png(drawing())[:8] == b"\x89PNG\r\n\x1a\n"


def test_inline_svg_is_one_element_that_says_what_it_shows():
    element = ET.fromstring(inline_svg(svg(drawing('<b> & "q"')), "p", 'A "b" & <c>'))
    assert element.tag.endswith("svg")
    assert element.get("aria-label") == 'A "b" & <c>'
    assert '<b> & "q"' in "".join(element.itertext())


def test_identifiers_of_two_plots_differ():
    document = svg(drawing())
    first, second = (
        set(re.findall(r'\bid="([^"]+)"', inline_svg(document, name, ""))) for name in ("a", "b")
    )
    assert first
    assert not first & second


def test_every_reference_has_its_identifier():
    element = inline_svg(svg(drawing()), "p", "")
    references = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', element))
    identifiers = set(re.findall(r'\bid="([^"]+)"', element))
    assert references
    assert {one or other for one, other in references} <= identifiers


def test_shared_colours_follow_the_page():
    element = inline_svg(svg(drawing()), "p", "")
    assert "var(--ink)" in element
    assert INK not in element
    assert "<style" not in element


@pytest.mark.parametrize(
    "tag",
    [
        "<script>alert(1)</script>",
        '<a xlink:href="https://example.org">x</a>',
        '<image href="https://example.org/x.png"/>',
        '<g onload="alert(1)"/>',
        "<foreignObject/>",
    ],
)
def test_what_could_act_or_ask_outside_is_refused(tag):
    with pytest.raises(ValueError, match="a drawing only"):
        inline_svg(f"<svg>{tag}</svg>", "p", "")


def test_a_link_in_a_figure_is_refused():
    figure = drawing()
    figure.axes[0].lines[0].set_url("javascript:alert(1)")
    with pytest.raises(ValueError, match="a drawing only"):
        inline_svg(svg(figure), "p", "")


def test_letters_that_the_font_lacks_are_no_warning():
    assert "漢" in svg(drawing("漢"))
    assert png(drawing("漢"))
