"""Products of small matrices by NumPy, whose BLAS can outrun torch's."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from threadpoolctl import threadpool_info
from torch import Tensor

from mmbench.machine import amd_with_avx512

__all__ = ["as_they_lie", "fits", "matmul", "quicker"]

WIDE = {"SkylakeX", "Cooperlake", "SapphireRapids"}
"""OpenBLAS's names for its code with AVX-512."""


@cache
def quicker() -> bool:
    """Whether NumPy multiplies small matrices faster than torch in this process.

    It does, 2.4 times (64 x 64, 2026, EPYC 9005), on AMD's processors with AVX-512: OpenBLAS uses it there,
    and MKL, which torch has, does not.
    """
    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    wide = all(  # NumPy's may be any of them
        blas["internal_api"] == "openblas"
        and blas["architecture"] in WIDE
        and blas["num_threads"] == 1
        for blas in found
    )
    return amd_with_avx512() and wide and bool(found)


def fits(rows: Tensor) -> bool:
    """Whether NumPy should have these."""
    plain = rows.device.type == "cpu" and rows.dtype in (torch.float32, torch.float64)
    alone = torch.get_num_threads() == 1 and not torch.is_autocast_enabled("cpu")
    return plain and alone and quicker()


def as_they_lie(*operands: Tensor) -> bool:
    """Whether NumPy gives these to its BLAS; others, such as expanded ones, it multiplies by a slow loop."""
    return all(_a_matrix(operand) or _a_matrix(operand.mT) for operand in operands)


def matmul(left: Tensor, right: Tensor) -> Tensor:
    """`(K, N, I)` and `(K, I, O)`, without gradients, to `(K, N, O)`."""
    return torch.from_numpy(np.matmul(left.numpy(), right.numpy()))


def _a_matrix(operand: Tensor) -> bool:
    """Whether the numbers of each row lie side by side, and no two rows share any."""
    row, number = operand.stride()[-2:]
    return number == 1 and row >= operand.shape[-1]
