"""How much memory one call needs."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = ["peak_bytes"]


def peak_bytes(call: Callable[[], object], device: str = "cpu", *, gradients: bool = False) -> int:
    """The most memory that tensors made by one call held at a time, in bytes.

    What was allocated before (parameters, inputs) does not count. On CUDA the figure comes from
    the allocator, which rounds sizes up. On the CPU it is the sum over live tensor storages, looked
    at after each operator: scratch space inside an operator is not seen, nor memory that is not
    torch's, nor a storage that is resized later. A call that trains needs `gradients` on.
    """
    if device.startswith("cuda"):
        return _cuda_peak(call, device, gradients)
    live = _LiveStorages()
    with torch.inference_mode(not gradients), live:
        call()
    return live.peak


def _cuda_peak(call: Callable[[], object], device: str, gradients: bool) -> int:
    torch.cuda.synchronize(device)
    before = int(torch.cuda.memory_allocated(device))
    torch.cuda.reset_peak_memory_stats(device)
    with torch.inference_mode(not gradients):
        call()
    torch.cuda.synchronize(device)
    return int(torch.cuda.max_memory_allocated(device)) - before


class _LiveStorages(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the storages that operators return, until they are freed."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._current = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        # A storage that an argument already has is a view or an update in place.
        given = {_address(tensor) for tensor in _tensors((args, kwargs))}
        for tensor in _tensors(result):
            if _address(tensor) not in given:
                self._add(tensor)
        self.peak = max(self.peak, self._current)
        return result

    def _add(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        address, size = _address(tensor), storage.nbytes()
        if address not in self._sizes:
            self._sizes[address] = size
            self._current += size
            weakref.finalize(storage, self._drop, address).atexit = False

    def _drop(self, address: int) -> None:
        self._current -= self._sizes.pop(address)


def _address(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]
