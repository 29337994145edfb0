from __future__ import annotations

import pandas as pd

from mmbench.reporting.comparisons import prepared
from mmbench_reports.per_modality import alone, by_modality


def test_a_row_a_modality_that_has_a_score():
    rows = pd.DataFrame({"seed": [0, 1], "probe_a": [0.5, None], "probe_b": ["0.1", "x"]})
    long = by_modality(rows, "probe_", ["seed"], "probe")
    assert long[["seed", "modality", "probe"]].to_numpy().tolist() == [[0, "a", 0.5], [0, "b", 0.1]]


def test_no_such_column():
    assert len(by_modality(pd.DataFrame({"seed": [0]}), "probe_", ["seed"], "probe")) == 0


def test_a_modality_alone_has_its_probe_or_else_its_score(runs):
    def single(name: str, score: float, **columns: object) -> pd.DataFrame:
        return runs([score], fusion=f"alone:{name}", fusion_role="unimodal", **columns)

    frame = prepared(
        pd.concat([runs([0.9]), single("a", 0.5, probe_a=0.6), single("b", 0.4)], ignore_index=True)
    )
    table = alone(frame).set_index("modality")
    assert table["score"].to_dict() == {"a": 0.5, "b": 0.4}
    assert table["probe"].to_dict() == {"a": 0.6, "b": 0.4}
