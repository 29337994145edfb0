"""Records what a computation comes to, so that it can be repeated at less cost.

Python, `vmap` and autograd take longer than the operations on small tensors that they lead to, and lead to the
same ones for every batch of one shape. What is recorded lies below all three.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from mmbench.training import blas
from mmbench.training.program import UNUSED, Nested, Operation, Part, Program, Work, tensors
from mmbench.training.python_state import state_of_python

__all__ = ["Recording", "outside_torch"]

UNREPEATABLE = {
    torch.Tag.data_dependent_output,
    torch.Tag.dynamic_output_shape,
    torch.Tag.inplace_view,
    torch.Tag.nondeterministic_seeded,
}
"""Of operations that show Python a value, whose shapes depend on values, that change a shape in place, or draw."""
_recorders: list[_Recorder] = []
"""The one that records now, if any."""


def outside_torch(function: Callable[..., Tensor], *given: Tensor) -> Tensor:
    """The result of what is no operation of torch's: in new memory each time, and without a gradient."""
    return _recorders[-1].outside(function, *given) if _recorders else function(*given)


class Recording:
    """A work that is done as ever, and recorded.

    Args:
        work: does the same operations on whatever tensors of the same shapes it is given.
        model: that the work calls. If Python's own state changes, the work may do others the next time.

    """

    def __init__(self, work: Work, model: nn.Module) -> None:
        self._work, self._model = work, model
        self._recorder = _Recorder()
        self._before = state_of_python(model)

    def __call__(self, given: Nested) -> Generator[Nested, Any, None]:
        """As the work."""
        running, sent = self._work(given), None
        while True:
            self._recorder.begin(given)
            with self._recorder:
                found = running.send(sent)
            self._recorder.end(found)
            given = sent = yield found

    def program(self) -> Program | None:
        """Does again what was done; None where that might be wrong."""
        recorder = self._recorder
        if recorder.refused or state_of_python(self._model) != self._before:
            return None
        return Program(recorder.slots, recorder.parts)


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees the operations, and gives every place in memory a slot: views of one place are one.

    Attributes:
        slots: the tensors that were there before, and all that is no tensor; None in other places.
        parts: of the work.
        refused: why it cannot be repeated; empty if it can.

    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.slots: list[object] = [None]
        self.parts: list[Part] = []
        self.refused = ""
        self._known: dict[object, int] = {}
        self._made: dict[int, bool] = {}
        self._names: list[StorageWeakRef] = []
        self._fixed: set[int] = set()
        self._shared: set[int] = set()
        self._watching = True

    def __enter__(self) -> _Recorder:
        _recorders.append(self)
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *raised: Any) -> None:
        _recorders.pop()
        super().__exit__(*raised)  # type: ignore[no-untyped-call]

    def begin(self, given: Nested) -> None:
        """Start a part that is given these."""
        every = list(tensors(given))
        if len({_place(tensor) for tensor in every} - self._known.keys()) < len(every):
            self.refused = "an input that is another, or was there before"
        self.parts.append(Part([self._fresh(tensor) for tensor in every]))

    def end(self, found: Nested) -> None:
        """End the part, which yields these."""
        self.parts[-1].output = self._named(found)

    def outside(self, function: Callable[..., Tensor], *given: Tensor) -> Tensor:
        """See `outside_torch`."""
        self._watching = False
        try:
            found = function(*given)
        finally:
            self._watching = True
        places = [self._slot(tensor) for tensor in given]
        operation = Operation(function, places, self._fresh(found), effect=True, outside=True)
        self.parts[-1].operations.append(operation)
        return found

    def __torch_dispatch__(
        self,
        function: OpOverload,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = kwargs or {}
        found = function(*args, **named)
        if self._watching and not self.refused:
            self._see(function, args, named, found)
        return found

    def _see(
        self, function: OpOverload, args: tuple[Any, ...], named: Mapping[str, Any], found: Any
    ) -> None:
        if function is torch.ops.aten.lift_fresh.default and _storage(found) not in self._made:
            # Made of Python's numbers, and perhaps changed afterwards.
            self._add(found.clone().clone, [], found)
            return
        self._refuse(function, args, named)
        arguments = [self._slot(value) for value in args]
        effect = function._schema.is_mutable
        if effect:
            self._see_written(function, args)
        elif {_storage(tensor) for tensor in _tensors_in(args)} <= self._fixed:
            self._fixed |= {_storage(tensor) for tensor in _tensors_in(found)}
        if function is torch.ops.aten.mul.Tensor and self._is_first(found, *args):
            self._shared |= {_storage(args[0]), _storage(found)}
            self._add(Tensor.contiguous, arguments[:1], found)
        elif (
            function is torch.ops.aten.bmm.default and blas.fits(found) and blas.as_they_lie(*args)
        ):
            self._add(blas.matmul, arguments, found)
        elif effect or not self._seen(found):
            self._add(partial(function, **named) if named else function, arguments, found, effect)

    def _refuse(
        self, function: OpOverload, args: tuple[Any, ...], named: Mapping[str, Any]
    ) -> None:
        if not UNREPEATABLE.isdisjoint(function.tags) and not _by_number(function, args):
            self.refused = f"{function}"
        elif any(isinstance(value, Tensor) for value in named.values()):
            self.refused = f"a tensor by name for {function}"

    def _see_written(self, function: OpOverload, args: tuple[Any, ...]) -> None:
        given = zip(function._schema.arguments, args, strict=False)
        written = [value for argument, value in given if argument.is_write]
        storages = {_storage(tensor) for tensor in _tensors_in(written)}
        self._fixed -= storages
        if not self._shared.isdisjoint(storages):
            self.refused = "a change in place of what was multiplied by ones"

    def _is_first(self, product: Tensor, x: Tensor, by: object) -> bool:
        """Whether a product is its first factor: the mask of a modality that is always there is ones for ever."""
        if not isinstance(by, Tensor) or _storage(by) not in self._fixed:
            return False
        same = product.shape == x.shape and product.dtype == x.dtype and product.is_contiguous()
        return same and bool((by == 1).all())

    def _seen(self, found: Any) -> bool:
        """Whether a result is where something is already, or a part of what was there before."""
        every = list(_tensors_in(found))
        for tensor in every:
            if self._made.get(_storage(tensor)) is False:
                self._slot(tensor)
        return bool(every) and all(_place(tensor) in self._known for tensor in every)

    def _add(
        self,
        function: Callable[..., Any],
        arguments: Sequence[int],
        found: Any,
        effect: bool = False,
    ) -> None:
        operations = self.parts[-1].operations
        if isinstance(found, Tensor):
            result = UNUSED if _place(found) in self._known else self._fresh(found)
            operations.append(Operation(function, arguments, result, effect))
            return
        several = self._constant(None)
        operations.append(Operation(function, arguments, several, effect))
        for place, value in enumerate(_listed(found)):
            if isinstance(value, Tensor) and _place(value) not in self._known:
                operations.append(Operation(itemgetter(place), [several], self._fresh(value)))

    def _slot(self, value: Any) -> int:
        """Where a program finds an argument."""
        if isinstance(value, Tensor):
            return self._slot_of_tensor(value)
        if isinstance(value, (list, tuple)) and any(isinstance(one, Tensor) for one in value):
            places = [self._slot(one) for one in value]
            return self._gathered(_list_of, places)
        return self._constant(value)

    def _slot_of_tensor(self, tensor: Tensor) -> int:
        place = _place(tensor)
        if place not in self._known:
            if self._made.setdefault(_storage(tensor), False):
                self.refused = "a view that no operation made"
            self._known[place] = self._constant(tensor)
        return self._known[place]

    def _named(self, found: Nested) -> int:
        places = [
            self._slot(value) if isinstance(value, Tensor) else self._named(value)
            for value in found.values()
        ]
        return self._gathered(partial(_dict_of, tuple(found)), places)

    def _gathered(self, gather: Callable[..., object], places: list[int]) -> int:
        result = self._constant(None)
        self.parts[-1].operations.append(Operation(gather, places, result))
        return result

    def _fresh(self, tensor: Tensor) -> int:
        """A new slot, of a tensor that each repetition has anew."""
        storage = tensor.untyped_storage()
        # As long as this is there no other memory has that name; the memory itself is not kept.
        self._names.append(StorageWeakRef(storage))  # type: ignore[no-untyped-call]
        self._made[storage._cdata] = True
        self._known[_place(tensor)] = slot = self._constant(None)
        return slot

    def _constant(self, value: object) -> int:
        self.slots.append(value)
        return len(self.slots) - 1


def _by_number(function: OpOverload, args: tuple[Any, ...]) -> bool:
    """Whether places are picked by their numbers, not by a mask that may pick any count of them."""
    if function is not torch.ops.aten.index.Tensor:
        return False
    return all(index is None or index.dtype in (torch.int32, torch.int64) for index in args[1])


def _storage(tensor: Tensor) -> int:
    """A name of its memory."""
    return int(tensor.untyped_storage()._cdata)


def _place(tensor: Tensor) -> object:
    layout = (tensor.storage_offset(), tensor.shape, tensor.stride(), tensor.dtype)
    return _storage(tensor), layout


def _listed(found: Any) -> Sequence[Any]:
    return found if isinstance(found, (list, tuple)) else (found,)


def _tensors_in(values: Any) -> Iterator[Tensor]:
    for value in _listed(values):
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors_in(value)


def _list_of(*values: object) -> list[object]:
    return list(values)


def _dict_of(names: tuple[str, ...], *values: object) -> dict[str, object]:
    return dict(zip(names, values, strict=True))
