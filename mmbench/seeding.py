"""One seed, many independent streams: what is drawn for one purpose never shifts another."""

from __future__ import annotations

import hashlib

__all__ = ["derive"]


def derive(seed: int, *purpose: str) -> int:
    """A seed in [0, 2^63) for one purpose, the same on every machine."""
    text = "/".join((str(seed), *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
