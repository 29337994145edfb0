from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.artifacts import Table
from mmbench.reporting.tables import csv, grid, latex, latex_text, markdown, markdown_text, plain

FRAME = pd.DataFrame({"fusion": ["a|b", "c_d"], "score": [0.91234567, np.nan]})


def test_csv_keeps_the_values():
    back = pd.read_csv(io.StringIO(csv(Table("t", "Scores.", FRAME))))
    pd.testing.assert_frame_equal(back, FRAME, check_dtype=False)


def test_csv_is_of_the_frame_and_the_rest_of_what_is_shown():
    table = Table("t", "Scores.", FRAME, pd.DataFrame({"score": ["0.912 ± 0.004"]}))
    assert "0.91234567" in csv(table)
    assert "0.912 ± 0.004" in markdown(table)
    assert r"0.912 $\pm$ 0.004" in latex(table)


def test_markdown_by_hand():
    assert markdown(Table("t", "Scores.", FRAME)).splitlines() == [
        "Scores.",
        "",
        "| fusion | score |",
        "| :--- | ---: |",
        r"| a\|b | 0.9123 |",
        "| c_d | – |",
    ]


def test_latex_by_hand():
    lines = latex(Table("t-1", "50 % of it.", FRAME)).splitlines()
    assert r"\caption{50 \% of it.}" in lines
    assert r"\label{tab:t-1}" in lines
    assert r"\begin{tabular}{lr}" in lines
    assert r"c\_d & -- \\" in lines


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("a_b & 5% $x$ #1 ~^", r"a\_b \& 5\% \$x\$ \#1 \textasciitilde{}\textasciicircum{}"),
    ],
)
def test_latex_escapes(text, escaped):
    assert latex_text(text) == escaped


def test_a_latex_row_that_begins_with_a_bracket_is_no_argument():
    assert r"{}[1, 2] \\" in latex(Table("t", "", pd.DataFrame({"x": ["[1, 2]"]})))


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<script>", "&lt;script&gt;"),
        ("[x](http://y)", r"[x]\(http://y)"),
        ("late_mean", "late_mean"),
        ("_a_ *b*", r"\_a\_ \*b\*"),
        ("a|b`c", r"a\|b\`c"),
        ("$x$", r"\$x\$"),
    ],
)
def test_markdown_escapes(text, escaped):
    assert markdown_text(text) == escaped


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=4))
def test_no_cell_breaks_out_of_a_markdown_table(rows):
    lines = markdown(Table("t", "c", pd.DataFrame(rows, columns=["x", "y"]))).split("\n")
    body = [line for line in lines if line.startswith("|")]
    assert len(body) == len(rows) + 2
    assert all(len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 3 for line in body)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (pd.NA, "–"),
        (True, "yes"),
        (np.bool_(False), "no"),
        (0.123456, "0.1235"),
        (12, "12"),
        ("a\nb\x1b[0m", "a b[0m"),
    ],
)
def test_plain(value, text):
    assert plain(value) == text


def test_numbers_are_right_aligned_and_names_left():
    frame = pd.DataFrame(
        {
            "name": ["x1", "2"],
            "score": ["0.9 ± 0.1", "–"],
            "gain": ["[−1, +2]", "–"],
            "n": ["1.2 M", "3"],
        }
    )
    assert grid(Table("t", "", frame)).align == ["left", "right", "right", "right"]


def test_grid_is_cut_at_the_limit():
    table = Table("t", "", pd.DataFrame({"x": range(10)}))
    assert grid(table, 3).rows == [["0"], ["1"], ["2"]]
    assert len(grid(table).rows) == 10


def test_a_table_without_rows_keeps_its_head():
    assert grid(Table("t", "", FRAME.iloc[:0])).head == ["fusion", "score"]
    assert markdown(Table("t", "c", FRAME.iloc[:0])).count("\n") == 4
