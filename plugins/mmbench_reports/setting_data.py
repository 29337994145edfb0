"""What the data of a run are: modalities, sizes, licences; and which of a suite's are not among them."""

from __future__ import annotations

import pandas as pd

from mmbench.artifacts import Table
from mmbench.registrations import Dataset, Suite
from mmbench.registry import Registry
from mmbench.reporting.files import slug
from mmbench.selection import split_list

__all__ = ["data_table", "left_out_table"]

_SIZES = {"n_train": "train", "n_validation": "validation", "n_test": "test"}


def data_table(frame: pd.DataFrame, registry: Registry) -> Table:
    """A row a dataset of prepared records: task, modalities with kind and encoder, sizes, licence, source."""
    rows = []
    for dataset, group in frame.groupby("dataset"):
        entry = registry.datasets.entries.get(_name(str(dataset)))
        tasks = group["task"][group["task"] != ""]
        sizes = {
            said: _largest(group, column) for column, said in _SIZES.items() if column in group
        }
        rows.append(
            {
                "dataset": dataset,
                "task": tasks.iloc[0] if len(tasks) else "–",
                "modalities": _modalities(group, entry),
                **sizes,
                "licence": entry.licence if entry else "–",
                "source": entry.source if entry else "–",
            }
        )
    caption = (
        "The data, with the kind and the encoder of each modality, and the samples that were used."
    )
    return Table("setting", caption, pd.DataFrame(rows))


def left_out_table(suite: Suite, records: pd.DataFrame, registry: Registry) -> list[Table]:
    """The suite's datasets without a record, why, and what they need; none where all have one."""
    seen = {_name(str(dataset)) for dataset in records["dataset"]}
    options = (records.attrs.get("run") or {}).get("options") or {}
    chosen = options.get("suite") == suite.name and bool(options.get("datasets"))
    rows = [
        _absent(spelling, registry, chosen)
        for spelling in suite.datasets
        if _name(spelling) not in seen
    ]
    if not rows:
        return []
    caption = (
        f"Datasets of suite {suite.name} that are no part of the run. `mmbench data path NAME` says where "
        "one on disk is looked for."
    )
    return [Table(f"setting-{slug(suite.name)}-left-out", caption, pd.DataFrame(rows))]


def _absent(spelling: str, registry: Registry, chosen: bool) -> dict[str, str]:
    entry = registry.datasets.entries.get(_name(spelling))
    if entry is None:
        why = "not registered here"
    elif chosen:
        why = "not chosen"
    elif entry.layout:
        why = "not found on disk"
    else:
        why = f"needs {', '.join(entry.requires)}" if entry.missing else "has no record yet"
    return {
        "dataset": spelling,
        "why": why,
        "needs": entry.layout if entry else "",
        "source": entry.source if entry else "",
    }


def _modalities(group: pd.DataFrame, entry: Dataset | None) -> str:
    """`text (text; text_transformer), …` of the record with the most modalities."""
    longest = max(group["encoders"], key=len)
    found = []
    for part in split_list(longest):
        name, _, encoder = part.partition("=")
        kind = entry.modality(name).kind if entry and name in entry.modalities else ""
        found.append(f"{name} ({'; '.join(filter(None, (kind, encoder)))})")
    return ", ".join(found) or "–"


def _largest(group: pd.DataFrame, column: str) -> int | None:
    largest = pd.to_numeric(group[column], errors="coerce").max()
    return None if pd.isna(largest) else int(largest)


def _name(spelling: str) -> str:
    return spelling.partition("[")[0]
