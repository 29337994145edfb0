"""What each fusion costs on one batch, in seconds and as a ratio to the default fusion in the same run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from mmbench.registrations import Fusion
from mmbench.registry import load_registry
from mmbench.testing.fusion_subject import FusionSubject

BATCH = 64
MODALITIES = ("audio", "image", "text")
SIZES = (32, 32, 32)
STEPS = (16, 16, 16)
SHELF = load_registry().fusions
FUSIONS = {name: fusion for name, fusion in SHELF.entries.items() if fusion.level != "none"}
DEFAULT = SHELF.with_role("default")

each_fusion = pytest.mark.parametrize("fusion", FUSIONS.values(), ids=FUSIONS)


def forward(fusion: Fusion) -> Callable[[], object]:
    subject = subject_of(fusion)
    module = subject.make({}).eval()
    batch = subject.batch(BATCH).cast(torch.float32)

    @torch.inference_mode()
    def run() -> object:
        return subject.call(module, batch)

    return run


def forward_and_backward(fusion: Fusion) -> Callable[[], object]:
    subject = subject_of(fusion)
    module = subject.make({}).train()
    batch = subject.batch(BATCH).cast(torch.float32).tracked()  # there are encoders to train

    def run() -> None:
        subject.loss(module, batch).backward()
        module.zero_grad()

    return run


def subject_of(fusion: Fusion) -> FusionSubject:
    torch.manual_seed(0)
    names = MODALITIES[:1] if fusion.per_modality == "alone" else MODALITIES
    return FusionSubject(fusion, names, SIZES, STEPS)


@pytest.mark.benchmark(group=f"fusions: forward (ratio to {DEFAULT.name})")
@each_fusion
def test_forward(fusion, against):
    against(forward(DEFAULT), forward(fusion))


@pytest.mark.benchmark(group=f"fusions: forward and backward (ratio to {DEFAULT.name})")
@each_fusion
def test_forward_and_backward(fusion, against):
    against(forward_and_backward(DEFAULT), forward_and_backward(fusion))
