"""The preparation of an encoder that reads texts and series alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.preparation import InputSpec, Preparation, Prepared, Standardise
from mmbench_encoders.subwords import Subwords

__all__ = ["Sequences"]


class Sequences:
    """Subword ids where the values are strings, standardised numbers elsewhere."""

    def fit(self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None) -> Sequences:
        inner: Preparation = Subwords() if values.dtype.kind in "UOT" else Standardise()
        self._fitted = inner.fit(values, mask)
        return self

    def transform(
        self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None
    ) -> Prepared:
        return self._fitted.transform(values, mask)

    @property
    def spec(self) -> InputSpec:
        return self._fitted.spec
