from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench import FusionOutput


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


class Spelling:
    """Four samples with and without their modalities, and layers spelled in NumPy."""

    present = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 1], [0, 1, 1]], dtype=bool)

    def __init__(self):
        self.dims = {"audio": 3, "image": 5, "text": 4}
        rng = np.random.default_rng(0)
        self.features = {m: rng.normal(size=(4, size)) for m, size in self.dims.items()}
        self.known = {m: x * self.present[:, [k]] for k, (m, x) in enumerate(self.features.items())}
        self.joined = np.concatenate(list(self.known.values()), axis=1)

    @property
    def presence(self):
        return dict(zip(self.dims, torch.from_numpy(self.present).unbind(1), strict=True))

    def run(self, fusion, **more):
        """The fusion's output on the samples, with their presence."""
        features = {m: torch.from_numpy(x) for m, x in self.features.items()}
        output = fusion(features, presence=self.presence, **more)
        return output if isinstance(output, FusionOutput) else FusionOutput(output)

    def projected(self, projections):
        """`(M, B, D)`, zero where absent."""
        found = [
            linear(layer, x)
            for layer, x in zip(projections.layers, self.features.values(), strict=True)
        ]
        return np.stack(found) * self.present.T[:, :, None]

    @staticmethod
    def softmax(x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    @staticmethod
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    @staticmethod
    def layer_norm(x):
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)

    @staticmethod
    def linear(module, x):
        return linear(module, x)

    @staticmethod
    def state(module):
        return {name: value.numpy() for name, value in module.state_dict().items()}

    @staticmethod
    def same(found, expected):
        np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-6)


def linear(module, x):
    """A linear layer, or a perceptron of linear layers with ReLU between them."""
    layers = [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear)]
    for place, layer in enumerate(layers):
        x = (np.maximum(x, 0) if place else x) @ layer.weight.detach().numpy().T
        x = x if layer.bias is None else x + layer.bias.detach().numpy()
    return x


@pytest.fixture
def spelling():
    return Spelling()


class Sequences:
    """Four samples of sequences, of which some tokens are padding and some modalities absent."""

    def __init__(self):
        rng = np.random.default_rng(2)
        self.dims = {"audio": 3, "image": 5, "text": 4}
        steps = {"audio": 4, "image": 2, "text": 3}
        self.x = {m: rng.normal(size=(4, steps[m], size)) for m, size in self.dims.items()}
        self.masks = {m: rng.random((4, t)) < 0.7 for m, t in steps.items()}
        for column, m in enumerate(self.dims):
            self.masks[m][:, 1] = True
            self.masks[m] &= Spelling.present[:, [column]]

    def run(self, fusion):
        given = ({m: torch.from_numpy(v) for m, v in part.items()} for part in (self.x, self.masks))
        output = fusion(*given)
        return output if isinstance(output, FusionOutput) else FusionOutput(output)

    def real(self, sample):
        """`{m: (T, D)}`, the real tokens of the modalities that the sample has."""
        return {
            m: x[sample][self.masks[m][sample]]
            for m, x in self.x.items()
            if self.masks[m][sample].any()
        }


@pytest.fixture
def sequences():
    return Sequences()
