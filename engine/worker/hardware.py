"""What the training takes from the machine, as its heartbeat tells it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Return this process's resident memory in bytes, or 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0


def cards() -> list[dict[str, Any]]:
    """Return memory of the cards that torch uses, in bytes; nothing before torch has opened them, or of a lost card."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "cuda") or not torch.cuda.is_initialized():
        return []
    found = []
    for index in range(torch.cuda.device_count()):
        with suppress(RuntimeError, AssertionError, AttributeError):  # a card that fell off the bus, a driver in reset
            found.append(_card(torch, index))
    return found


def _card(torch: Any, index: int) -> dict[str, Any]:
    free, total = torch.cuda.mem_get_info(index)
    properties = torch.cuda.get_device_properties(index)
    card = {
        "index": index,
        "uuid": uuid_of(index, getattr(properties, "uuid", None)),
        "name": properties.name,
        "memory_used": total - free,
        "memory_total": total,
        "memory_allocated": torch.cuda.memory_allocated(index),
    }
    return card | _activity(card["uuid"])


def uuid_of(index: int, torch_uuid: object) -> str:
    """Return a card's UUID: as CUDA_VISIBLE_DEVICES names it, since torch says a slice's (MIG) like a whole card's."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    if index < len(named) and named[index].strip().startswith("MIG-"):
        return named[index].strip()
    return "" if torch_uuid is None else f"GPU-{torch_uuid}"


def _activity(uuid: str) -> dict[str, Any]:
    """Return utilization (percent), temperature (Celsius) and power (watts), each None where NVML does not tell."""
    activity: dict[str, Any] = {"utilization": None, "temperature": None, "power": None}
    try:
        import pynvml
    except ImportError:
        return activity
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
    except pynvml.NVMLError:
        return activity
    questions: dict[str, Callable[[], Any]] = {
        "utilization": lambda: pynvml.nvmlDeviceGetUtilizationRates(handle).gpu,
        "temperature": lambda: pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU),
        "power": lambda: pynvml.nvmlDeviceGetPowerUsage(handle) / 1000,
    }
    for name, ask in questions.items():
        with suppress(pynvml.NVMLError):  # a slice, WSL or a Jetson answers some of them
            activity[name] = ask()
    return activity


def troubles() -> Iterator[str]:
    """Say what slows the cards that torch uses, in words: heat, power, another process; nothing where none tells."""
    for card in cards():
        yield from card_troubles(card["uuid"], card["index"])


def card_troubles(uuid: str, index: int) -> Iterator[str]:
    """Say what slows the card with this UUID, as NVML knows it."""
    try:
        import pynvml
    except ImportError:
        return
    hot = pynvml.nvmlClocksThrottleReasonSwThermalSlowdown | pynvml.nvmlClocksThrottleReasonHwThermalSlowdown
    weak = pynvml.nvmlClocksThrottleReasonHwPowerBrakeSlowdown | pynvml.nvmlClocksThrottleReasonHwSlowdown
    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        with suppress(pynvml.NVMLError):
            held = pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle)
            if held & hot:
                degrees = pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU)
                yield f"card {index} is at {degrees} degrees Celsius and lowers its clock"
            elif held & weak:
                yield f"card {index} gets too little power and lowers its clock"
        if in_first_pid_namespace():  # elsewhere NVML's process ids are the host's, and one of them is this run
            running = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
            others = [user.pid for user in running if user.pid != os.getpid()]
            if others:
                yield f"card {index} is shared with process {', '.join(str(pid) for pid in others[:3])}"


def in_first_pid_namespace() -> bool:
    """Return whether process ids mean here what they mean to the driver; in a container they do not."""
    try:
        return str(Path("/proc/self/ns/pid").readlink()) == "pid:[4026531836]"
    except OSError:
        return True
