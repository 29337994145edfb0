"""Two modalities, neither of which says anything about the target alone."""

from __future__ import annotations

import mmbench


def load(samples: int = 600, noise: float = 0.3) -> mmbench.Samples:
    """Points around ±1: the target is whether the signs of `left` and `right` differ."""
    import numpy as np  # here, so that listing plugins does not pay for it

    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, size=(samples, 2))
    points = 2.0 * bits - 1 + noise * rng.normal(size=(samples, 2))
    return mmbench.Samples(
        {"left": points[:, :1], "right": points[:, 1:]},
        targets=bits[:, 0] ^ bits[:, 1],
        target_names=("same", "different"),
    )


@mmbench.hookimpl
def mmbench_datasets() -> list[mmbench.Dataset]:
    return [
        mmbench.Dataset(
            "xor",
            "mmbench_example.xor:load",
            task="classification",
            modalities={"left": "tabular", "right": "tabular"},
            summary="Whether two signs differ: only their combination tells.",
            licence="CC0 1.0",
            source="generated",
        )
    ]
