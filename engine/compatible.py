"""Whether the torch that will train can use the cards here: CUDA against the driver, kernels against the cards."""

import re
from collections.abc import Iterable

from engine.interpreter import TorchFacts
from engine.machine import Gpu, Machine
from engine.note import Line

# First driver branch of each major CUDA version (NVIDIA's CUDA compatibility tables).
OLDEST_DRIVER = {11: 450, 12: 525, 13: 580}
# From this version on the public index serves torch built for CUDA 13 when no other build is asked for.
CUDA_13_SINCE = (2, 13)
OTHER_BUILD = "install a torch build for an older CUDA (their names end in +cu126 or +cu128)"
NAME = "torch and GPU"


def torch_lines(machine: Machine, torch: TorchFacts) -> list[Line]:
    """Return the verdict on torch: does it start, does it reach the driver, has it kernels for every allowed card."""
    name = f"torch {torch.version}"
    if torch.problem and torch.cuda is None:
        return [Line(NAME, "wrong", f"{name} does not start: {torch.problem}", "install it anew in that Python")]
    if not machine.gpus:
        return [Line(NAME, "good", f"{name} trains on the CPU")]
    if torch.cuda is None:
        return [_cpu_only(name)]
    if not torch.cuda_available:
        return [_too_new(machine, name, torch.cuda) or _unreachable(torch, name)]
    driver = f", driver for CUDA {machine.cuda}" if machine.cuda else ""
    return _kernels(machine.gpus, torch) or [Line(NAME, "good", f"{name} for CUDA {torch.cuda}{driver}")]


def expected_lines(machine: Machine, version: str) -> list[Line]:
    """Return what torch's version alone gives away, in no time: a build without CUDA, or one newer than the driver."""
    name = f"torch {version}"
    if not machine.gpus:
        return []
    if version.endswith("+cpu"):
        return [_cpu_only(name)]
    line = _too_new(machine, name, _built_for(version))
    return [line] if line else []


def covers(arch_list: Iterable[str], capability: tuple[int, int]) -> bool:
    """Say whether such code runs on a card: sm_XY within its major version from XY on, compute_XY on later cards."""
    for arch in arch_list:
        match = re.fullmatch(r"(sm|compute)_(\d+)(\d)([af]?)", arch)
        if match is None:
            continue
        kind, built, special = match[1], (int(match[2]), int(match[3])), match[4]
        if special == "a":  # made for one capability alone
            if built == capability:
                return True
        elif built <= capability and (built[0] == capability[0] or (kind == "compute" and not special)):
            return True
    return False


def _built_for(version: str) -> str:
    """Return the CUDA version that torch's own version names (2.8.0+cu126), or that the public index builds it for."""
    tag = re.search(r"\+cu(\d+)(\d)$", version)
    if tag:
        return f"{tag[1]}.{tag[2]}"
    release = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    return "13.0" if "+" not in version and release >= CUDA_13_SINCE else ""


def _cpu_only(name: str) -> Line:
    fix = "install the CUDA build of torch in that Python"
    return Line(NAME, "wrong", f"{name} is built for the CPU only and would leave the GPU idle", fix)


def _too_new(machine: Machine, name: str, cuda: str) -> Line | None:
    """Say that torch's CUDA is of a later major version than the driver's; within one major version they fit."""
    needs, has = _major(cuda), _major(machine.cuda or "")
    if not needs or not has or needs <= has:
        return None
    what = f"{name} needs a driver for CUDA {cuda}, and driver {machine.driver} knows CUDA {machine.cuda} only"
    oldest = OLDEST_DRIVER.get(needs)
    driver = f"update the driver to {oldest} or later" if oldest else "update the driver"
    return Line(NAME, "wrong", f"{what}: it would train on the CPU in silence", f"{driver}, or {OTHER_BUILD}")


def _unreachable(torch: TorchFacts, name: str) -> Line:
    reason = f" ({torch.problem})" if torch.problem else ""
    fix = "see whether nvidia-smi works for this user; a reboot or a newer driver often helps"
    return Line(NAME, "wrong", f"{name} cannot reach the GPU{reason}: it would train on the CPU in silence", fix)


def _kernels(gpus: Iterable[Gpu], torch: TorchFacts) -> list[Line]:
    """Return one line per kind of card that this torch has no code for."""
    lacking: dict[str, tuple[int, int]] = {}
    for gpu in gpus:
        if torch.arch_list and gpu.capability and not covers(torch.arch_list, gpu.capability):
            lacking[gpu.name] = gpu.capability
    return [_no_kernels(torch, name, capability) for name, capability in lacking.items()]


def _no_kernels(torch: TorchFacts, name: str, capability: tuple[int, int]) -> Line:
    built = [int(digits) for digits in re.findall(r"sm_(\d+)", " ".join(torch.arch_list))]
    newer = bool(built) and capability[0] * 10 + capability[1] > max(built)
    what = f"torch {torch.version} has no code for {name} (capability {capability[0]}.{capability[1]})"
    fix = "install a newer torch" if newer else OTHER_BUILD
    return Line(NAME, "wrong", f"{what}: training would fail with 'no kernel image is available'", fix)


def _major(version: str) -> int:
    return int(version.partition(".")[0] or 0)
