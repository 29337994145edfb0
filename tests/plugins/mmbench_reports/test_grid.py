from __future__ import annotations

from mmbench.artifacts import Plot, Table, Text
from mmbench_reports import grid
from mmbench_reports.grid import section


def test_the_plot_marks_what_differs_fails_and_lacks(two_by_three):
    _, plot, table = section(two_by_three)
    assert isinstance(plot, Plot)
    assert isinstance(table, Table)
    (ax,) = plot.figure.axes
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    columns = [tick.get_text() for tick in ax.get_xticklabels()]
    fusions = [tick.get_text() for tick in ax.get_yticklabels()]
    assert columns == ["sum, joint", "sum", "clever", "wild"]
    assert fusions == ["mul", "add"]
    assert texts[(3, 0)] == "×"
    assert texts[(0, 0)] == "–"
    assert texts[(3, 1)] == ".580†"
    assert texts[(2, 0)] == ".623"
    (frame,) = ax.patches
    assert frame.get_bbox().contains(2, 0)
    assert "accuracy" in ax.get_title(loc="left")
    assert table.shown[["fusion", "weighting"]].to_numpy().tolist() == [["mul", "clever"]]
    assert len(table.frame) == 7


def test_many_weightings_are_spread_over_panels(make, monkeypatch):
    monkeypatch.setattr(grid, "COLUMNS", 3)
    plot = next(a for a in section(make(datasets=1, failures=0)) if isinstance(a, Plot))
    assert [len(ax.get_xticklabels()) for ax in plot.figure.axes] == [3, 2]


def test_a_limited_number_of_cells_is_drawn(make, monkeypatch):
    monkeypatch.setattr(grid, "CELLS", 10)
    *_, plot, table = section(make(datasets=2, failures=0))
    assert isinstance(plot, Plot)
    assert "the first 1 of 2 datasets" in table.caption
    assert set(table.frame["dataset"]) == {"mfeat", "emoji"}


def test_an_error_metric_is_darkest_where_it_is_least(two_by_three):
    turned = two_by_three.assign(greater_is_better=False)
    plot = next(a for a in section(turned) if isinstance(a, Plot))
    (ax,) = plot.figure.axes
    shades = ax.collections[0].get_array().reshape(2, 4)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["add", "mul"]
    assert shades[1, 2] == 0


def test_one_fusion_is_no_grid(two_by_three):
    (text,) = section(two_by_three[two_by_three["fusion"] != "mul"])
    assert isinstance(text, Text)
    assert "--grid" in text.text
