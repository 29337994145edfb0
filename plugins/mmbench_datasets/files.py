"""The data files in this package and their SHA-256."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DATA", "SHA256", "files"]

DATA = Path(__file__).resolve().parent / "data"
SHA256 = {
    "emoji.csv": "a480444bb12672808302272437d8424a23f8df63ecea8e2b4c80002da622cf71",
    "emoji_sheet.png": "cebb8a3a19c1a36f89556e86f04dd6ce470334018ce6b087dd2965c9c1bff7a9",
    "mfeat.npz": "3dda8bf046ca330783181164745fa2b23a29380bab2530389366e8e8c5589355",
    "movies.csv.xz": "82e4e1e4272fd90db4824bdcefeb4e0083c020da10489e127a32345bfb5a7759",
    "prompts.csv": "c706aad28172078ed77e0a1433cdd9a4865c5f0b8151f24c977f1ea0237409a5",
    "prompts.ogg": "03f6249ae5d610ff81628ac3404eae693dd1ae556f39d404773fc85bdc94689e",
    "watch.npz": "82d3cae314ea653153e8019c1aa30e1676f43ed3495be3012a40cbbb746a8a59",
}


def files(*names: str) -> dict[str, str]:
    """Absolute path -> SHA-256 of data files, for a registration."""
    return {str(DATA / name): SHA256[name] for name in names}
