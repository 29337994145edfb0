"""The ways one model can be run: eagerly, compiled, or by ONNX Runtime, in several precisions."""

from __future__ import annotations

import importlib
import importlib.util
import io
import itertools
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mmbench.data.part import Part
from mmbench.errors import NotApplicable, UsageError
from mmbench.machine import require_compiler
from mmbench.model import FusionModel, Outputs

__all__ = [
    "MODES",
    "PRECISIONS",
    "OnePrediction",
    "Variant",
    "onnx_model",
    "prepared",
]

MODES = ("eager", "compiled", "onnx")
PRECISIONS = ("float32", "bfloat16", "float16")
KINDS = ("inputs", "masks", "present")
"""Of the tensors that a batch holds by modality."""
Call = Callable[[], object]
_serial = itertools.count()


@dataclass(frozen=True)
class Variant:
    """One way of running models.

    Attributes:
        device: `cpu`, `cuda` or `cuda:N`.
        precision: `float32`, or what matrix products are cast to by autocast.
        mode: one of `MODES`.
    """

    device: str
    precision: str
    mode: str

    def __str__(self) -> str:
        return f"{self.mode} {self.precision} on {self.device}"


def prepared(model: FusionModel, batch: Part, variant: Variant) -> Call:
    """What runs the model on the batch once; both are on the variant's device.

    Compilation happens in the first call, an ONNX model is made here.

    Raises:
        NotApplicable: if the variant has no meaning on this device.
        UsageError: if a compiler or a package is missing.
    """
    if variant.mode == "onnx":
        return _onnx_session(model, batch, variant)
    if variant.device != "cpu" and variant.precision == "bfloat16":
        _require_bfloat16()
    model.precision = variant.precision
    run = _compiled(variant) if variant.mode == "compiled" else _whole
    return lambda: run(model, batch)


def _whole(model: FusionModel, batch: Part) -> Outputs:
    outputs: Outputs = model(batch)
    return outputs


def _compiled(variant: Variant) -> Callable[[FusionModel, Part], Outputs]:
    """The whole pass as one graph, or an error that says where it breaks."""
    require_compiler(variant.device)
    # Compiled code is kept per code object, and given up on once too many models share one.
    code = _whole.__code__.replace(co_name=f"whole_{next(_serial)}")
    function = types.FunctionType(code, globals())
    # On CUDA this replays graphs, which overwrite the last outputs; on a CPU it changes nothing.
    compiled: Callable[[FusionModel, Part], Outputs] = torch.compile(
        function, fullgraph=True, dynamic=False, mode="reduce-overhead"
    )
    return compiled


def _require_bfloat16() -> None:
    if not torch.cuda.is_bf16_supported():
        raise NotApplicable("Expected a device with bfloat16. Found one without.")


class OnePrediction(nn.Module):
    """The model as a function of tensors: what `named` lists in, the prediction out."""

    def __init__(self, model: FusionModel, batch: Part) -> None:
        super().__init__()
        self.model, self._targets = model, batch.targets
        self._places = [(kind, name) for kind in KINDS for name in getattr(batch, kind)]

    def named(self, batch: Part) -> dict[str, Tensor]:
        return {f"{kind}.{name}": getattr(batch, kind)[name] for kind, name in self._places}

    def forward(self, *tensors: Tensor) -> Tensor:
        given: dict[str, dict[str, Tensor]] = {kind: {} for kind in KINDS}
        for (kind, name), tensor in zip(self._places, tensors, strict=True):
            given[kind][name] = tensor
        part = Part(given["inputs"], given["masks"], given["present"], self._targets)
        prediction: Tensor = self.model(part).prediction
        return prediction


def onnx_model(model: FusionModel, batch: Part) -> tuple[bytes, dict[str, Tensor]]:
    """The model for batches of this size as an ONNX file, and its inputs by name."""
    flat = OnePrediction(model, batch).eval()
    named = flat.named(batch)
    file: Any = io.BytesIO()  # which the exporter takes, though its signature says otherwise
    with warnings.catch_warnings():
        # The exporter that needs no further package warns that it is not developed on, and of
        # branches on Python values, which a fusion must not have.
        warnings.simplefilter("ignore")
        torch.onnx.export(flat, tuple(named.values()), file, dynamo=False, input_names=list(named))
    return file.getvalue(), named


def _onnx_session(model: FusionModel, batch: Part, variant: Variant) -> Call:
    if variant.device != "cpu" or variant.precision != "float32":
        raise NotApplicable(f"Expected float32 on the CPU for ONNX Runtime. Found {variant}.")
    missing = [n for n in ("onnx", "onnxruntime") if importlib.util.find_spec(n) is None]
    if missing:
        raise UsageError(
            f"Expected the extra `onnx` for the mode onnx. Found no {' and no '.join(missing)}. "
            f"Run `pip install 'mmbench[onnx]'`."
        )
    runtime: Any = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
    exported, named = onnx_model(model, batch)
    session = runtime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])
    wanted = [found.name for found in session.get_inputs()]  # unused ones have been dropped
    feeds = {name: named[name].numpy() for name in wanted}
    return lambda: session.run(None, feeds)
