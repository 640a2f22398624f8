"""Counts every storage as it lives and dies, and answers what a tensor without numbers can't."""

import bisect
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

GRAIN = 512
"""Bytes that the CUDA allocator rounds every request up to."""
DEVICE = torch.ops.prim.device.default
"""Asked for more often than all else."""
aten = torch.ops.aten


@dataclass(frozen=True, slots=True)
class Birth:
    """One storage: how large, in which phase, and where: the place of a forward pass, or the node of a backward one."""

    size: int
    phase: str
    order: int
    forward: bool


class Ledger(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The bytes of all living storages, at every moment: `events` holds births (index) and deaths (~index)."""

    def __init__(self, grain: int = GRAIN, *, answer: bool = True) -> None:
        """Round sizes up to `grain`; `answer` questions about numbers that are not there."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.grain, self.answer = grain, answer
        self.births: list[Birth] = []
        self.events: list[int] = []
        self.alive: dict[int, int] = {}
        self.phase = "model"
        self.operations = 0
        self.yes = True
        self.places: list[tuple[int, str]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and count what it makes."""
        if func is DEVICE:
            return args[0].fake_device if isinstance(args[0], FakeTensor) else func(*args)
        self.operations += 1
        known = ANSWERS.get(func) if self.answer else None
        made = known(self, *args, **(kwargs or {})) if known else func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.count(made)
        elif isinstance(made, (tuple, list)):
            for one in tree_leaves(made):
                self.count(one)
        return made

    def count(self, one: Any) -> None:
        """Count the storage of a tensor from now to its death; one that is known counts once."""
        if not isinstance(one, torch.Tensor) or one.device.type == "meta":
            return
        storage = one.untyped_storage()
        key = storage._cdata
        if key in self.alive:
            return
        size = -(-storage.nbytes() // self.grain) * self.grain
        node = torch._C._current_autograd_node()
        order = node._sequence_nr() if node is not None else len(self.places) - 1
        self.alive[key] = len(self.births)
        self.events.append(len(self.births))
        self.births.append(Birth(size, self.phase, order, node is None))
        weakref.finalize(storage, self._dies, key)

    def _dies(self, key: int) -> None:
        self.events.append(~self.alive.pop(key))

    def numbers(self, tensors: Iterable[torch.Tensor]) -> set[int]:
        """Return the numbers of the births of tensors that are alive."""
        found = (self.alive.get(one.untyped_storage()._cdata) for one in tensors)
        return {number for number in found if number is not None}

    def enter(self, name: str) -> None:
        """Note which module the forward pass is in from now on; a backward pass is placed by the order of its nodes."""
        self.places.append((torch._C._autograd._get_sequence_nr(), name))

    def place(self, birth: Birth) -> str:
        """Return the module that an operation belongs to, forward or backward."""
        if birth.forward:
            return self.places[birth.order][1] if birth.order >= 0 else ""
        # a node gets its number before the next module is entered: the last entry at or below it made it
        at = bisect.bisect_right(self.places, birth.order, key=lambda place: place[0]) - 1
        return self.places[at][1] if at >= 0 else ""


def watch_modules(ledger: Ledger, model: torch.nn.Module) -> None:
    """Tell the ledger which module runs."""
    stack: list[str] = []

    def entering(name: str) -> Callable[..., None]:
        def enter(*_: Any, **__: Any) -> None:
            stack.append(name)
            ledger.enter(name)

        return enter

    def leave(*_: Any, **__: Any) -> None:
        if stack:
            stack.pop()
        ledger.enter(stack[-1] if stack else "")

    for name, module in model.named_modules():
        module.register_forward_pre_hook(entering(name))
        module.register_forward_hook(leave, always_call=True)


def _number(ledger: Ledger, one: torch.Tensor) -> Any:
    """Answer for a number that is not there: one, and for a question whether the batch is without padding."""
    if one.dtype == torch.bool:
        return ledger.yes
    return 1.0 if one.is_floating_point() else 1


def _every(one: torch.Tensor) -> torch.Tensor:
    """Return the places of a mask as if all of it were true, which is the most that it can be."""
    return one.new_empty((one.numel(), one.dim()), dtype=torch.int64)


def _chosen(_: Ledger, one: torch.Tensor, indices: Any) -> torch.Tensor:
    """Index as if every entry of a mask were true."""
    flat: list[Any] = []
    for index in indices:
        if index is not None and index.dtype in (torch.bool, torch.uint8):
            flat += list(_every(index).unbind(1))
        else:
            flat.append(index)
    return aten.index.Tensor(one, flat)  # type: ignore[no-any-return]


def _counted(_: Ledger, one: torch.Tensor, weights: torch.Tensor | None = None, minlength: int = 0) -> torch.Tensor:
    """Count into as many places as were asked for at least."""
    return one.new_empty((max(minlength, 1),), dtype=torch.int64 if weights is None else weights.dtype)


ANSWERS: dict[Any, Callable[..., Any]] = {
    aten._local_scalar_dense.default: _number,
    aten.is_nonzero.default: lambda ledger, one: bool(_number(ledger, one)),
    aten.equal.default: lambda *_: True,
    aten.nonzero.default: lambda _, one: _every(one),
    aten.masked_select.default: lambda _, one, mask: one.new_empty((max(one.numel(), mask.numel()),)),
    aten.index.Tensor: _chosen,
    aten.bincount.default: _counted,
}
"""Operations whose result depends on numbers, and what is answered: always what needs the most memory."""
