"""How much of the machine this process may use: a container or a scheduler often grants less than the hardware has."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})


@dataclass(frozen=True, slots=True)
class Processor:
    """The CPU as this process has it: its name, the cores that may be used at once, and whether it computes in bf16."""

    name: str
    cores: int
    bf16: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """Main memory in bytes that this process may use, and how much of it is free."""

    total: int
    free: int


def processor(root: Path = Path("/")) -> Processor:
    """Read the CPU; cores are physical ones, no more than affinity and the cgroup's quota allow."""
    info = _cpu_info(root / "proc/cpuinfo")
    flags = set((info.get("flags") or info.get("Features") or "").split())
    name = info.get("model name") or info.get("Model") or os.uname().machine
    counts = [psutil.cpu_count(logical=False) or psutil.cpu_count() or 1, _affinity(), *_quotas(root)]
    return Processor(name, max(1, min(counts)), bool(flags & BF16_FLAGS))


def memory(root: Path = Path("/")) -> Memory:
    """Read the main memory; the tightest limit of this process's cgroups counts, page cache is free."""
    seen = psutil.virtual_memory()
    total, free = seen.total, seen.available
    for limit, used in _memory_limits(root):
        if limit < seen.total:
            total, free = min(total, limit), min(free, max(0, limit - used))
    return Memory(total, free)


def read_text(path: Path) -> str:
    """Return a file's text without surrounding space, empty where it cannot be read."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _cpu_info(path: Path) -> dict[str, str]:
    """Return the first processor's entries only: a large server has hundreds, all alike."""
    first = read_text(path).partition("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _affinity() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cgroups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folders that limit this process, innermost first; version 1 has one tree per controller."""
    for line in read_text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / (controller if controllers else "")
        folder = top / path.strip("/")
        # Inside a container the path may be the host's, which is not mounted here: only the parents that exist count.
        yield from (place for place in (folder, *folder.parents) if place == top or top in place.parents)


def _memory_limits(root: Path) -> Iterator[tuple[int, int]]:
    for folder in _cgroups(root, "memory"):
        limit = read_text(folder / "memory.max") or read_text(folder / "memory.limit_in_bytes")
        used = read_text(folder / "memory.current") or read_text(folder / "memory.usage_in_bytes")
        if limit.isdigit() and used.isdigit():
            # Version 1 gives a group's own pages and, as total_…, those of the groups inside it as well.
            cache = re.findall(r"^(?:total_)?inactive_file (\d+)$", read_text(folder / "memory.stat"), re.MULTILINE)
            yield int(limit), int(used) - max(map(int, cache), default=0)


def _quotas(root: Path) -> Iterator[int]:
    """Yield whole CPUs that each limiting cgroup grants."""
    for folder in _cgroups(root, "cpu"):
        quota, _, period = read_text(folder / "cpu.max").partition(" ")
        quota = quota or read_text(folder / "cpu.cfs_quota_us")
        period = period or read_text(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit():
            yield int(quota) // int(period)
