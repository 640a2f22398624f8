"""What the training takes from the machine, as its heartbeat tells it."""

import os
import sys
from collections.abc import Iterator
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
    """Return memory of the cards that torch uses, in bytes; nothing before torch has opened them."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "cuda") or not torch.cuda.is_initialized():
        return []
    return [_card(torch, index) for index in range(torch.cuda.device_count())]


def _card(torch: Any, index: int) -> dict[str, Any]:
    free, total = torch.cuda.mem_get_info(index)
    properties = torch.cuda.get_device_properties(index)
    card = {
        "index": index,
        "uuid": f"GPU-{properties.uuid}",
        "name": properties.name,
        "memory_used": total - free,
        "memory_total": total,
        "memory_allocated": torch.cuda.memory_allocated(index),
    }
    return card | _activity(card["uuid"])


def _activity(uuid: str) -> dict[str, Any]:
    """Return utilisation (percent), temperature (Celsius) and power (watts), each None where NVML does not tell."""
    activity: dict[str, Any] = {"utilization": None, "temperature": None, "power": None}
    try:
        import pynvml
    except ImportError:
        return activity
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        activity["utilization"] = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu
        activity["temperature"] = pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU)
        activity["power"] = pynvml.nvmlDeviceGetPowerUsage(handle) / 1000
    except pynvml.NVMLError:
        pass
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
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        held = pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle)
        if held & hot:
            degrees = pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU)
            yield f"card {index} is at {degrees} degrees Celsius and lowers its clock"
        elif held & weak:
            yield f"card {index} gets too little power and lowers its clock"
        others = [user.pid for user in pynvml.nvmlDeviceGetComputeRunningProcesses(handle) if user.pid != os.getpid()]
        if others:
            yield f"card {index} is shared with process {', '.join(str(pid) for pid in others[:3])}"
    except pynvml.NVMLError:
        return
