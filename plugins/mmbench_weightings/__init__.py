"""First-party loss weightings."""

from __future__ import annotations

from mmbench import Weighting, hookimpl
from mmbench_weightings.balance_family import BALANCE
from mmbench_weightings.gradient_family import GRADIENT
from mmbench_weightings.scalar_family import SCALAR


@hookimpl
def mmbench_weightings() -> list[Weighting]:
    return [*SCALAR, *GRADIENT, *BALANCE]
