"""Every sample alike."""

from __future__ import annotations

from mmbench import Sampling

__all__ = ["Uniform"]


class Uniform(Sampling):
    """Every training sample once an epoch, in an order drawn anew."""
