"""Checks and fingerprints of the files that a dataset reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from mmbench.errors import DataError

__all__ = ["fingerprint", "verify"]

_BLOCK = 1 << 20


def verify(files: Mapping[str, str]) -> None:
    """Check that every file holds the bytes it was registered with.

    Args:
        files: path -> expected SHA-256, in hexadecimal.

    Raises:
        DataError: naming the first file that is missing, unreadable or different.

    """
    for path, expected in sorted(files.items()):
        found = _sha256(path, f" with SHA-256 {expected}")
        if found != expected.lower():
            raise DataError(
                f"Expected {path} to have SHA-256 {expected}. Found {found}. "
                f"The file is not the one the dataset was registered with: "
                f"reinstall the package it belongs to, or restore the file."
            )


def fingerprint(files: Mapping[str, str]) -> str:
    """SHA-256 over the names and the actual contents of the files; '' where there are none.

    Folders do not count, so two installations of the same data have the same fingerprint.

    Args:
        files: path -> expected SHA-256, which plays no part here.

    Raises:
        DataError: if a file is missing or unreadable.

    """
    if not files:
        return ""
    contents = sorted((Path(path).name, _sha256(path)) for path in files)
    state = hashlib.sha256()
    for name, digest in contents:
        state.update(f"{name}\0{digest}\n".encode())
    return state.hexdigest()


def _sha256(path: str, wanted: str = "") -> str:
    state = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(_BLOCK):
                state.update(block)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(
            f"Expected a readable file {path}{wanted}. Found: {reason}. "
            f"Reinstall the package it belongs to, or restore the file."
        ) from error
    return state.hexdigest()
