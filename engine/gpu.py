"""The edge to NVIDIA's library NVML (through `pynvml`): cards as facts, failures as notes, nothing raised."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.note import Note

# Linux gives the first namespace of process ids this number; in any other one, NVML's ids are strangers' ids.
FIRST_PID_NAMESPACE = "pid:[4026531836]"


@dataclass(frozen=True, slots=True)
class GpuUser:
    """A process that holds memory of a card; `memory` in bytes, None where the driver does not say."""

    pid: int
    name: str
    memory: int | None


@dataclass(frozen=True, slots=True)
class Gpu:
    """A card or a MIG slice; `index` is nvidia-smi's (slices share their card's), memory in bytes, power in watts."""

    index: int
    uuid: str
    name: str
    memory_total: int | None = None
    memory_free: int | None = None
    users: tuple[GpuUser, ...] = ()
    capability: tuple[int, int] | None = None
    utilization: int | None = None
    temperature: int | None = None
    power: float | None = None
    mig: bool = False

    @property
    def bf16(self) -> bool:
        """Say whether the card computes in bf16 (compute capability 8.0); False when unknown."""
        return self.capability is not None and self.capability >= (8, 0)

    @property
    def flash(self) -> bool:
        """Say whether flash attention runs on the card (compute capability 8.0); False when unknown."""
        return self.capability is not None and self.capability >= (8, 0)


@dataclass(frozen=True, slots=True)
class Reading:
    """All that NVML says: every card in nvidia-smi's order, allowed or not, the driver, and what went wrong."""

    gpus: tuple[Gpu, ...] = ()
    driver: str | None = None
    cuda: str | None = None
    notes: tuple[Note, ...] = ()


class _Lost(Exception):
    """A card stopped answering between two questions."""


class _Nvml:
    """NVML's functions by name: what it cannot answer is None; asked about a card that is gone, it raises `_Lost`."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.failures = (api.NVMLError, api.NVMLLibraryMismatchError)

    def ask(self, question: str, *arguments: Any) -> Any:
        """Ask one NVML function; None where card, driver or binding does not support it."""
        function = getattr(self.api, question, None)
        if function is None:
            return None
        try:
            return function(*arguments)
        except self.failures as error:
            gone = (self.api.NVML_ERROR_GPU_IS_LOST, self.api.NVML_ERROR_RESET_REQUIRED)
            if arguments and getattr(error, "value", 0) in gone:
                raise _Lost(str(error)) from error
            return None


def read() -> Reading:
    """Read every card of this machine once; whatever fails becomes a note."""
    if not _installed():
        return Reading(notes=(_no_library(),))
    import pynvml

    nvml = _Nvml(pynvml)
    try:
        pynvml.nvmlInit()
    except nvml.failures as error:
        return Reading(notes=(_not_started(pynvml, error),))
    try:
        return _all(nvml)
    finally:
        nvml.ask("nvmlShutdown")


def _installed() -> bool:
    """Say whether there may be a library to talk to; without one, the 25 ms of importing pynvml are saved."""
    if "pynvml" in sys.modules or sys.platform != "linux":
        return True
    import ctypes

    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


def _all(nvml: _Nvml) -> Reading:
    driver = nvml.ask("nvmlSystemGetDriverVersion")
    version = nvml.ask("nvmlSystemGetCudaDriverVersion_v2")
    gpus: list[Gpu] = []
    notes: list[Note] = []
    for index in range(nvml.ask("nvmlDeviceGetCount") or 0):
        try:
            handle = nvml.ask("nvmlDeviceGetHandleByIndex", index)
            if handle is None:
                raise _Lost("no answer")
            found = list(_cards(nvml, index, handle))
        except _Lost as lost:
            notes.append(_card_lost(index, str(lost)))
            continue
        gpus += found
        notes += _doubts(index, found)
    if not gpus and not notes:
        notes.append(Note("no_gpu", "warning", "The driver sees no NVIDIA card", "training will run on the CPU"))
    cuda = f"{version // 1000}.{version % 1000 // 10}" if version else None
    return Reading(tuple(gpus), str(driver) if driver else None, cuda, tuple(notes))


def _cards(nvml: _Nvml, index: int, handle: Any) -> Iterator[Gpu]:
    """Yield the card, or its slices where MIG has divided it (none, where it is divided into nothing)."""
    mode = nvml.ask("nvmlDeviceGetMigMode", handle)
    if not mode or mode[0] != nvml.api.NVML_DEVICE_MIG_ENABLE:
        yield _card(nvml, index, handle, handle)
        return
    for number in range(nvml.ask("nvmlDeviceGetMaxMigDeviceCount", handle) or 0):
        part = nvml.ask("nvmlDeviceGetMigDeviceHandleByIndex", handle, number)
        if part is not None:
            yield _card(nvml, index, part, handle)


def _card(nvml: _Nvml, index: int, handle: Any, whole: Any) -> Gpu:
    """Read one card; temperature and power of a slice are those of the `whole` card."""
    memory = nvml.ask("nvmlDeviceGetMemoryInfo", handle)
    load = nvml.ask("nvmlDeviceGetUtilizationRates", handle)
    power = nvml.ask("nvmlDeviceGetPowerUsage", whole)
    capability = nvml.ask("nvmlDeviceGetCudaComputeCapability", handle)
    capability = capability or nvml.ask("nvmlDeviceGetCudaComputeCapability", whole)
    return Gpu(
        index=index,
        uuid=str(nvml.ask("nvmlDeviceGetUUID", handle) or index),
        name=str(nvml.ask("nvmlDeviceGetName", handle) or "NVIDIA GPU"),
        memory_total=int(memory.total) if memory else None,
        memory_free=int(memory.free) if memory else None,
        users=_users(nvml, handle),
        capability=(int(capability[0]), int(capability[1])) if capability else None,
        utilization=int(load.gpu) if load else None,
        temperature=nvml.ask("nvmlDeviceGetTemperature", whole, nvml.api.NVML_TEMPERATURE_GPU),
        power=power / 1000 if power is not None else None,
        mig=handle is not whole,
    )


def _users(nvml: _Nvml, handle: Any) -> tuple[GpuUser, ...]:
    """Return who holds the card's memory, the largest first; a process that computes and draws counts once."""
    held: dict[int, int | None] = {}
    for kind in ("Compute", "Graphics"):
        for process in nvml.ask(f"nvmlDeviceGet{kind}RunningProcesses", handle) or ():
            held.setdefault(int(process.pid), process.usedGpuMemory)
    users = [GpuUser(pid, _name(pid), memory) for pid, memory in held.items()]
    return tuple(sorted(users, key=lambda user: -(user.memory or 0)))


def _name(pid: int) -> str:
    """Return `python (alice)`, or what can be said when the process is beyond our sight."""
    import psutil

    if sys.platform == "linux" and _pid_namespace() not in (FIRST_PID_NAMESPACE, ""):
        return "outside this container"
    try:
        process = psutil.Process(pid)
        return f"{process.name()} ({process.username()})"
    except (psutil.Error, OSError, KeyError):
        return "unknown"


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _doubts(index: int, found: list[Gpu]) -> Iterator[Note]:
    if not found:
        fix = "create one: nvidia-smi mig -cgi PROFILE -C (-lgip lists profiles), or turn MIG off: nvidia-smi -mig 0"
        yield Note("mig_empty", "warning", f"Card {index} has MIG on but no slice, so nothing can run on it", fix)
    for gpu in found:
        if gpu.memory_total is None:
            yield Note(
                "memory_unknown",
                "warning",
                f"Card {index} ({gpu.name}) does not report its memory; it may share the machine's RAM",
                "say what it has with --vram GIB",
            )


def _card_lost(index: int, why: str) -> Note:
    return Note(
        "card_lost",
        "wrong",
        f"Card {index} stopped answering ({why})",
        "look for 'NVRM: Xid' in dmesg; a reboot usually brings it back",
    )


def _no_library() -> Note:
    """Tell a machine without a card from one whose card has no driver."""
    if not _on_the_bus(Path("/sys/bus/pci/devices")):
        return Note("no_gpu", "warning", "No NVIDIA card was found", "training will run on the CPU")
    fix = "install NVIDIA's driver; in a container, start it with --gpus all"
    return Note("no_driver", "wrong", "An NVIDIA card is in this machine, but its driver library is not", fix)


def _on_the_bus(devices: Path) -> bool:
    """Say whether the PCI bus holds a display or 3D controller (class 03) of NVIDIA's (vendor 10de)."""
    try:
        return any(
            (device / "class").read_text().startswith("0x03")
            for device in devices.iterdir()
            if (device / "vendor").read_text().strip() == "0x10de"
        )
    except OSError:
        return False


def _not_started(api: Any, error: Any) -> Note:
    """Say why NVML would not start, and what to do."""
    code = getattr(error, "value", 0)
    if code == api.NVML_ERROR_LIBRARY_NOT_FOUND:
        return _no_library()
    if code == api.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        what = "NVIDIA's driver and its library are of different versions, so no card can be used"
        fix = "reboot, so that the kernel loads the driver that was installed last"
        return Note("driver_mismatch", "wrong", what, f"{fix}; in a container, update the host's driver")
    if code == api.NVML_ERROR_DRIVER_NOT_LOADED:
        fix = "load it with sudo modprobe nvidia, or reboot; in a container, start it with --gpus all"
        return Note("driver_not_loaded", "wrong", "NVIDIA's driver is installed but not loaded", fix)
    if code == api.NVML_ERROR_NO_PERMISSION:
        fix = "join the group that owns /dev/nvidia* (often video or render)"
        return Note("no_permission", "wrong", "This user may not use the NVIDIA cards", fix)
    fix = "see whether nvidia-smi works; a reboot often helps"
    return Note("nvml_failed", "wrong", f"NVIDIA's management library would not start ({error})", fix)
