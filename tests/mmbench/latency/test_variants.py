from __future__ import annotations

import importlib.util
import shutil
from typing import Any

import numpy as np
import pytest
import torch

from mmbench.errors import NotApplicable, UsageError
from mmbench.latency import variants
from mmbench.latency.variants import Variant, onnx_model, prepared

CPU = Variant("cpu", "float32", "eager")


@pytest.fixture
def made(bench: Any) -> Any:
    """A model and a batch of five."""
    vault = bench.vault()
    return bench.recipe(vault=vault).model({}).eval(), vault.training.train.repeated(5)


@torch.inference_mode()
def test_eager_is_the_model_itself(made: Any) -> None:
    model, batch = made
    assert prepared(model, batch, CPU)().prediction.equal(model(batch).prediction)  # type: ignore[attr-defined]


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@torch.inference_mode()
def test_lower_precision_casts_products(made: Any, precision: str) -> None:
    model, batch = made
    whole = model(batch).prediction
    found: Any = prepared(model, batch, Variant("cpu", precision, "eager"))()
    assert not torch.equal(found.prediction, whole)
    assert torch.allclose(found.prediction, whole, atol=0.05)


def test_the_onnx_model_gives_the_same_prediction(made: Any) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    model, batch = made
    exported, named = onnx_model(model, batch)
    graph = onnx.load_from_string(exported)
    feeds = {found.name: named[found.name].numpy() for found in graph.graph.input}
    assert set(feeds) == {"inputs.left", "inputs.right"}
    [prediction] = ReferenceEvaluator(graph).run(None, feeds)
    assert np.allclose(prediction, model(batch).prediction.detach(), atol=1e-5)
    assert not model.training


@pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="onnxruntime is not installed"
)
def test_onnx_runtime_gives_the_same_prediction(made: Any) -> None:
    model, batch = made
    [prediction] = prepared(model, batch, Variant("cpu", "float32", "onnx"))()  # type: ignore[misc]
    assert np.allclose(prediction, model(batch).prediction.detach(), atol=1e-4)


@pytest.mark.parametrize(
    "variant", [Variant("cpu", "bfloat16", "onnx"), Variant("cuda", "float32", "onnx")]
)
def test_onnx_is_for_full_precision_on_the_cpu(made: Any, variant: Variant) -> None:
    with pytest.raises(NotApplicable, match="Expected float32 on the CPU"):
        prepared(*made, variant)


def test_what_is_missing_is_named(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"no onnx and no onnxruntime. Run `pip install"):
        prepared(*made, Variant("cpu", "float32", "onnx"))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UsageError, match=r"Expected a C\+\+ compiler"):
        prepared(*made, Variant("cpu", "float32", "compiled"))


def test_many_models_can_be_compiled_side_by_side(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code is compiled once a model: none is given up on because others share its function."""
    compile_ = torch.compile
    graphs: list[int] = []

    def backend(graph: Any, inputs: Any) -> Any:
        graphs.append(len(inputs))
        return graph.forward

    monkeypatch.setattr(
        variants.torch, "compile", lambda f, mode, **more: compile_(f, backend=backend, **more)
    )
    monkeypatch.setattr(shutil, "which", lambda name: name)
    model, batch = made
    with torch.inference_mode():
        for _ in range(10):
            call = prepared(model, batch, Variant("cpu", "float32", "compiled"))
            found: Any = call()
            call()
    assert len(graphs) == 10
    assert torch.allclose(found.prediction, model(batch).prediction, atol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_compiled_code_gives_the_same_prediction(made: Any) -> None:
    model, batch = made
    with torch.inference_mode():
        found: Any = prepared(model, batch, Variant("cpu", "float32", "compiled"))()
        assert torch.allclose(found.prediction, model(batch).prediction, atol=1e-5)
