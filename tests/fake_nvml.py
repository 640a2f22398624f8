"""Boxes that play NVIDIA's library at pynvml's edge: real error classes and constants, invented cards.

`install(monkeypatch, "T4")` puts a box in the place of pynvml; `BOXES` lists them all.
"""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pynvml
import pytest

MIB = 1024**2


@dataclass
class Card:
    """A card or a slice; memory in MiB; `fails` maps a question to the code that NVML answers with."""

    name: str
    uuid: str
    total: int
    capability: tuple[int, int]
    used: int = 420
    users: Sequence[tuple[int, int | None]] = ()
    slices: Sequence["Card"] | None = None
    fails: dict[str, int] = field(default_factory=dict)
    lost_after: int | None = None
    throttled: int = 0
    asked: int = 0

    def ask(self, question: str) -> None:
        """Count the question; a card that is to vanish answers no more than `lost_after` of them."""
        self.asked += 1
        if self.lost_after is not None and self.asked > self.lost_after:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        if question in self.fails:
            raise pynvml.NVMLError(self.fails[question])


class FakeNvml(ModuleType):
    """What `import pynvml` gives on the invented box; it insists on being started before and stopped after use."""

    def __init__(self, *cards: Card, refuses: int = 0, driver: str = "580.95.05", cuda: int = 13000) -> None:
        super().__init__("pynvml")
        self.cards, self.refuses, self.driver, self.cuda = cards, refuses, driver, cuda
        self.started = self.stopped = 0

    def __getattr__(self, name: str) -> Any:
        """Errors and constants are the real ones; a function of the real module that is not played here is a gap."""
        if name.startswith("nvml") and not isinstance(getattr(pynvml, name, None), int):
            known = "is not played by the fake" if hasattr(pynvml, name) else "is no function of pynvml"
            pytest.fail(f"{name} {known}")
        return getattr(pynvml, name)

    def nvmlInit(self) -> None:
        if self.refuses:
            raise pynvml.NVMLError(self.refuses)
        self.started += 1

    def nvmlShutdown(self) -> None:
        self._running()
        self.stopped += 1

    def _running(self) -> None:
        if self.started <= self.stopped:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_UNINITIALIZED)

    def _card(self, card: Card, question: str) -> Card:
        self._running()
        card.ask(question)
        return card

    def nvmlSystemGetDriverVersion(self) -> str:
        self._running()
        return self.driver

    def nvmlSystemGetCudaDriverVersion_v2(self) -> int:
        self._running()
        return self.cuda

    def nvmlDeviceGetCount(self) -> int:
        self._running()
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:
        return self._card(self.cards[index], "handle")

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> Card:
        return self._card(next(card for card in self.cards if card.uuid == uuid), "handle")

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, card: Card) -> int:
        return self._card(card, "throttled").throttled

    def nvmlDeviceGetName(self, card: Card) -> str:
        return self._card(card, "name").name

    def nvmlDeviceGetUUID(self, card: Card) -> str:
        return self._card(card, "uuid").uuid

    def nvmlDeviceGetMemoryInfo(self, card: Card) -> SimpleNamespace:
        card = self._card(card, "memory")
        total, used = card.total * MIB, card.used * MIB
        return SimpleNamespace(total=total, used=used, free=total - used)

    def nvmlDeviceGetCudaComputeCapability(self, card: Card) -> tuple[int, int]:
        return self._card(card, "capability").capability

    def nvmlDeviceGetUtilizationRates(self, card: Card) -> SimpleNamespace:
        self._card(card, "utilization")
        return SimpleNamespace(gpu=97, memory=40)

    def nvmlDeviceGetTemperature(self, card: Card, sensor: int) -> int:
        assert sensor == pynvml.NVML_TEMPERATURE_GPU
        self._card(card, "temperature")
        return 71

    def nvmlDeviceGetPowerUsage(self, card: Card) -> int:
        self._card(card, "power")
        return 68_400

    def nvmlDeviceGetMigMode(self, card: Card) -> list[int]:
        if self._card(card, "mig").slices is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return [pynvml.NVML_DEVICE_MIG_ENABLE, pynvml.NVML_DEVICE_MIG_ENABLE]

    def nvmlDeviceGetMaxMigDeviceCount(self, card: Card) -> int:
        self._card(card, "slices")
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, card: Card, index: int) -> Card:
        slices = self._card(card, "slice").slices or ()
        if index >= len(slices):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return slices[index]

    def nvmlDeviceGetComputeRunningProcesses(self, card: Card) -> list[SimpleNamespace]:
        users = self._card(card, "users").users
        return [SimpleNamespace(pid=pid, usedGpuMemory=None if held is None else held * MIB) for pid, held in users]

    def nvmlDeviceGetGraphicsRunningProcesses(self, card: Card) -> list[SimpleNamespace]:
        return self.nvmlDeviceGetComputeRunningProcesses(card)[:1]


def uuid(number: int, kind: str = "GPU") -> str:
    """Return a UUID that begins differently for every number."""
    return f"{kind}-{number:08x}-0000-4000-8000-{number:012x}"


def t4(number: int = 1, **changes: Any) -> Card:
    return Card("Tesla T4", uuid(number), 15360, (7, 5), **changes)


def rtx_4090(number: int = 2, **changes: Any) -> Card:
    return Card("NVIDIA GeForce RTX 4090", uuid(number), 24564, (8, 9), **changes)


def a100(number: int = 3, **changes: Any) -> Card:
    return Card("NVIDIA A100-SXM4-40GB", uuid(number), 40960, (8, 0), **changes)


def h200(number: int, **changes: Any) -> Card:
    return Card("NVIDIA H200", uuid(number), 143771, (9, 0), **changes)


def mig_slices() -> list[Card]:
    """Slices as NVML has them: of its own a slice has memory and users, and neither load nor capability."""
    missing = dict.fromkeys(("utilization", "capability", "temperature", "power"), pynvml.NVML_ERROR_NOT_SUPPORTED)
    name = "NVIDIA A100-SXM4-40GB MIG"
    return [
        Card(f"{name} 3g.20gb", uuid(0x10, "MIG"), 20096, (8, 0), used=12, fails=missing),
        Card(f"{name} 1g.5gb", uuid(0x11, "MIG"), 4864, (8, 0), used=1500, users=[(os.getpid(), 1480)], fails=missing),
    ]


def _unable(*questions: str) -> dict[str, int]:
    return dict.fromkeys(questions, pynvml.NVML_ERROR_NOT_SUPPORTED)


BOXES: dict[str, Callable[[], FakeNvml]] = {
    "none": lambda: FakeNvml(refuses=pynvml.NVML_ERROR_LIBRARY_NOT_FOUND),
    "no cards": FakeNvml,
    "T4": lambda: FakeNvml(t4(), driver="535.183.01", cuda=12020),
    "RTX 4090": lambda: FakeNvml(rtx_4090(used=9000, users=[(os.getpid(), 8400), (2**22 + 1, 180)])),
    "A100": lambda: FakeNvml(a100()),
    "8xH200": lambda: FakeNvml(*(h200(8 + n, used=70_000 if n != 5 else 500) for n in range(8))),
    "MIG slice": lambda: FakeNvml(a100(slices=mig_slices(), fails={"memory": pynvml.NVML_ERROR_NO_PERMISSION})),
    "MIG empty": lambda: FakeNvml(a100(slices=())),
    "unlike cards": lambda: FakeNvml(t4(), rtx_4090(), a100()),
    "driver mismatch": lambda: FakeNvml(refuses=pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH),
    "driver not loaded": lambda: FakeNvml(refuses=pynvml.NVML_ERROR_DRIVER_NOT_LOADED),
    "no permission": lambda: FakeNvml(refuses=pynvml.NVML_ERROR_NO_PERMISSION),
    "broken": lambda: FakeNvml(refuses=pynvml.NVML_ERROR_UNKNOWN),
    "no memory query": lambda: FakeNvml(Card("NVIDIA GB10", uuid(9), 0, (12, 1), fails=_unable("memory", "power"))),
    "nothing supported": lambda: FakeNvml(
        t4(fails=_unable("name", "uuid", "memory", "capability", "utilization", "temperature", "power", "mig", "users"))
    ),
    "vanishing": lambda: FakeNvml(t4(), rtx_4090(lost_after=4)),
    "lost": lambda: FakeNvml(t4(lost_after=0)),
}


def install(monkeypatch: pytest.MonkeyPatch, box: str | FakeNvml) -> FakeNvml:
    """Play a box until the test ends, with every card allowed."""
    fake = BOXES[box]() if isinstance(box, str) else box
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
        monkeypatch.delenv(name, raising=False)
    return fake
