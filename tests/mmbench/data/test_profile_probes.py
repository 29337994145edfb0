from __future__ import annotations

import numpy as np
import pytest

from mmbench.data.profile_probes import STRENGTHS, prior_score, probe_score
from mmbench.tasks import TASKS

RNG = np.random.default_rng(0)
X, X_HELD = RNG.normal(size=(30, 5)), RNG.normal(size=(40, 5))
WEIGHTS = RNG.normal(size=(5, 3))


def scores_of(x):
    return x @ WEIGHTS + RNG.normal(size=(len(x), 3))


def fitted(name, *targets):
    return TASKS[name]().fit(targets[0], np.concatenate(targets))


def ridge(x, y, held, strength):
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    gram = (x - mean_x).T @ (x - mean_x) + strength * np.eye(x.shape[1])
    return (held - mean_x) @ np.linalg.solve(gram, (x - mean_x).T @ (y - mean_y)) + mean_y


def left_out(strength, y):
    """Squared error of each sample by the fit to the 29 others."""
    keep = ~np.eye(len(X), dtype=bool)
    found = [ridge(X[rows], y[rows], X[~rows], strength)[0] for rows in keep]
    return np.square(np.array(found) - y).mean()


def test_a_probe_is_a_ridge_regression_chosen_by_leaving_one_out():
    y, y_held = scores_of(X)[:, :1], scores_of(X_HELD)[:, :1]
    strength = min(STRENGTHS, key=lambda strength: left_out(strength, y))
    predicted = ridge(X, y, X_HELD, strength)
    expected = 1 - np.square(predicted - y_held).sum() / np.square(y_held - y_held.mean()).sum()
    found = probe_score(fitted("regression", y, y_held), X, y, X_HELD, y_held)
    assert found == pytest.approx(expected, abs=1e-4)


def test_classes_are_regressed_one_hot():
    y, y_held = scores_of(X).argmax(axis=1), scores_of(X_HELD).argmax(axis=1)
    strength = min(STRENGTHS, key=lambda strength: left_out(strength, np.eye(3)[y]))
    predicted = ridge(X, np.eye(3)[y], X_HELD, strength).argmax(axis=1)
    task = fitted("classification", y, y_held)
    assert probe_score(task, X, y, X_HELD, y_held) == pytest.approx(np.mean(predicted == y_held))


def test_the_prior_sees_the_training_targets_alone():
    y, y_held = np.array([1, 1, 1, 0, 2]), np.array([0, 0, 1, 2])
    assert prior_score(fitted("classification", y, y_held), y, y_held) == 0.25
    labels, held = np.array([[1, 0], [0, 1]]), np.array([[1, 0], [0, 0], [1, 1], [1, 0]])
    assert prior_score(fitted("multilabel", labels, held), labels, held) == pytest.approx(
        (3 / 4 + 1 / 4) / 2
    )


def test_a_score_that_is_not_defined_is_none():
    y = np.array([1.0, 2.0, 3.0])
    assert prior_score(fitted("regression", y), y, y[:1]) is None
