"""The check that an encoder is built for inputs it can read."""

from __future__ import annotations

from mmbench.data.preparation import InputSpec
from mmbench.errors import DataError

__all__ = ["expect_shape"]


def expect_shape(spec: InputSpec, *axes: str) -> tuple[int, ...]:
    """The shape of one sample, with as many axes as named.

    Raises:
        DataError: if it has another number of axes, or an empty one.

    """
    if len(spec.shape) != len(axes) or 0 in spec.shape:
        raise DataError(
            f"Expected samples of shape ({', '.join(axes)}) without an empty axis. "
            f"Found {spec.shape}. Name another encoder or reshape the dataset's arrays."
        )
    return spec.shape
