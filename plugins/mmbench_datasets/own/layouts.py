"""What a user's own data look like on disk, in words."""

from __future__ import annotations

__all__ = ["NPZ", "TABLE"]

NPZ = (
    "one .npz: an array (N, …) a modality, y (N,) or (N, K); optional split (N,), group (N,), "
    "<modality>_present (N,), <modality>_length (N,)"
)
TABLE = (
    'dataset.toml: table = "data.csv" (or .parquet), target = column or list of columns, optional task, '
    "group, split, gallery, name, licence, source; [columns] with column = image, audio or array (paths), "
    'text, number or category, or {kind = "number", modality = "vitals"}'
)
