from __future__ import annotations

import pytest

from mmbench.data.preparation import InputSpec
from mmbench.errors import DataError
from mmbench_encoders.shapes import expect_shape


def test_the_shape_comes_back():
    assert expect_shape(InputSpec((3, 32, 32)), "C", "H", "W") == (3, 32, 32)


@pytest.mark.parametrize("shape", [(28, 28), (3, 0, 28), ()])
def test_another_number_of_axes_or_an_empty_one_is_refused(shape):
    with pytest.raises(DataError, match=r"Expected samples of shape \(C, H, W\)"):
        expect_shape(InputSpec(shape), "C", "H", "W")
