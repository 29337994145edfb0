"""The loop that a researcher writes: a Dataset, a DataLoader, Adam, and validation after every epoch."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from mmbench.data.part import Part
from mmbench.model import FusionModel

__all__ = ["Rows", "train_as_users_do", "train_over_tensors"]


class Rows(Dataset):
    """One sample at a time: its modalities and its target."""

    def __init__(self, part: Part) -> None:
        self.part = part

    def __len__(self) -> int:
        return len(self.part)

    def __getitem__(self, index: int) -> tuple[dict[str, Tensor], Tensor]:
        sample = {name: values[index] for name, values in self.part.inputs.items()}
        return sample, self.part.targets[index]


def train_as_users_do(
    model: FusionModel, train: Part, validation: Part, epochs: int, batch_size: int
) -> float:
    """The best validation accuracy."""
    device = next(model.parameters()).device
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()
    batches = DataLoader(Rows(train), batch_size, shuffle=True)
    held_out = DataLoader(Rows(validation), batch_size)
    best, best_state = 0.0, copy.deepcopy(model.state_dict())
    for _ in range(epochs):
        model.train()
        for inputs, targets in batches:
            batch = Part(inputs, {}, {}, targets).to(device)
            optimiser.zero_grad()
            loss = criterion(model(batch).prediction, batch.targets)
            loss.backward()
            optimiser.step()
        model.eval()
        right = 0
        with torch.no_grad():
            for inputs, targets in held_out:
                batch = Part(inputs, {}, {}, targets).to(device)
                prediction = model(batch).prediction
                right += int((prediction.argmax(dim=1) == batch.targets).sum())
        if right / len(validation) > best:
            best, best_state = right / len(validation), copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return best


def train_over_tensors(
    model: FusionModel, train: Part, validation: Part, epochs: int, batch_size: int
) -> float:
    """The same by hand over tensors in memory, with all that the harness's loop does for its result."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    steps = epochs * -(-len(train) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    best = 0.0
    for _ in range(epochs):
        model.train()
        for index in torch.randperm(len(train)).tensor_split(-(-len(train) // batch_size)):
            batch = train.take(index)
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(batch).prediction, batch.targets).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            schedule.step()
        model.eval()
        with torch.no_grad():
            prediction = model(validation).prediction
        best = max(best, float((prediction.argmax(dim=1) == validation.targets).float().mean()))
    return best
