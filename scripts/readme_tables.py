"""Put the published report's tables and the budgets into README.md, between its markers."""

from __future__ import annotations

import re
from pathlib import Path

from mmbench.budgets import BUDGETS

ROOT = Path(__file__).parent.parent
TABLE = re.compile(r"(<!-- table: (?P<path>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
BUDGET = re.compile(r"(<!-- budgets -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(text: str) -> str:
    """The README with every marked table as its file says."""
    text = TABLE.sub(lambda found: f"{found[1]}\n{_table(found['path'])}\n\n{found[3]}", text)
    return BUDGET.sub(lambda found: f"{found[1]}\n{_budgets()}\n\n{found[2]}", text)


def _table(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8").strip()


def _budgets() -> str:
    rows = [
        "| budget | seeds | trials | epochs | training samples |",
        "| --- | --- | --- | --- | --- |",
    ]
    rows += [
        f"| {budget.name} | {budget.seeds} | {budget.trials} | {budget.epochs} "
        f"| {'all' if budget.max_train >= 1_000_000 else budget.max_train} |"
        for budget in BUDGETS.values()
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(filled(readme.read_text(encoding="utf-8")), encoding="utf-8")
