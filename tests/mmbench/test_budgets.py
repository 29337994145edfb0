from __future__ import annotations

import itertools

from mmbench.budgets import BUDGETS


def test_a_budget_knows_its_own_name() -> None:
    assert {name: budget.name for name, budget in BUDGETS.items()} == {
        name: name for name in ("quick", "standard", "full")
    }


def test_each_budget_spends_at_least_what_the_smaller_one_does() -> None:
    spent = ("seeds", "trials", "epochs", "patience", "max_train")
    values = [
        tuple(getattr(BUDGETS[name], field) for field in spent)
        for name in ("quick", "standard", "full")
    ]
    for smaller, larger in itertools.pairwise(values):
        assert all(a <= b for a, b in zip(smaller, larger, strict=True))
    assert values[0] != values[1] != values[2]


def test_patience_can_end_a_trial_before_its_epochs_do() -> None:
    assert all(0 < budget.patience < budget.epochs for budget in BUDGETS.values())


def test_more_than_the_quick_budget_waits_until_learning_rates_have_fallen() -> None:
    assert all(2 * BUDGETS[name].patience >= BUDGETS[name].epochs for name in ("standard", "full"))
