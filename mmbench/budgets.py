"""How much each job may spend: the same for every method of a comparison."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BUDGETS", "Budget"]


@dataclass(frozen=True)
class Budget:
    """What a job may spend.

    Attributes:
        name: what the command line calls it.
        seeds: how many seeds a run uses where the user does not say.
        trials: how many hyperparameter settings a job tries; the first is the defaults.
        epochs: passes over the training part, at most.
        patience: epochs without a better validation score after which a trial stops. The one-cycle
            schedule's rates fall until its end: with little patience a trial stops while they are high.
        batch_size: samples per step.
        max_train: training samples, at most; validation and test are cut to half of it.

    """

    name: str
    seeds: int
    trials: int
    epochs: int
    patience: int
    batch_size: int = 64
    max_train: int = 1_000_000


BUDGETS: dict[str, Budget] = {
    "quick": Budget(
        "quick", seeds=3, trials=1, epochs=14, patience=5, batch_size=96, max_train=1200
    ),
    "standard": Budget("standard", seeds=5, trials=8, epochs=40, patience=20, max_train=10_000),
    "full": Budget("full", seeds=10, trials=32, epochs=100, patience=50),
}
