"""Tasks by name: each owns its loss, the size of its head and its metrics."""

from __future__ import annotations

from mmbench.tasks.base import Task
from mmbench.tasks.classification import Classification
from mmbench.tasks.multilabel import Multilabel
from mmbench.tasks.regression import Regression
from mmbench.tasks.retrieval import Retrieval

__all__ = ["TASKS", "Task"]

TASKS: dict[str, type[Task]] = {
    task.name: task for task in (Classification, Multilabel, Regression, Retrieval)
}
