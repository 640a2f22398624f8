"""What `tunewright doctor` says: every part that a training needs, a verdict on each, and the fix."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine import interpreter as libraries
from engine.compatible import expected_lines, torch_lines
from engine.disks import existing, token_file
from engine.interpreter import Interpreter, TorchFacts
from engine.lifetime import kills_detached
from engine.machine import GIB, Disk, Gpu, Machine, arithmetic, title
from engine.measured import told
from engine.note import Level, Line, Note

__all__ = ["Line", "Note", "examine", "kills_detached"]

# Below these, in GiB, a training is likely to fail (wrong) or to be tight (warning). A 7B model in 16 bit takes 13 GiB
# of cache; a checkpoint of an adapter is small, one of a fully trained model three times the model's size.
DISK_GIB = {"runs": (2, 10), "model cache": (2, 20), "data cache": (1, 5), "temporary": (0.5, 2)}
RAM_GIB = (2, 8)
BUSY_GIB = 1.0
TRUE = ("1", "ON", "YES", "TRUE")


def examine(machine: Machine, interpreter: Interpreter, torch: TorchFacts | None) -> list[Line]:
    """Return all lines, the machine first; `torch` is None where it was not asked."""
    return [
        *_gpus(machine),
        *_processor(machine),
        *_python(interpreter),
        *_torch(machine, interpreter, torch),
        *_flash(machine, interpreter),
        *(Line("measured", "good", f"{where}: {words}") for where, words in told(machine.measured).items()),
        *(_disk(disk) for disk in machine.disks),
        _detached(),
        *_hub(os.environ),
    ]


def _gpus(machine: Machine) -> Iterator[Line]:
    for gpu in machine.gpus:
        yield _gpu(gpu)
    if machine.hidden_gpus:
        fix = "unset CUDA_VISIBLE_DEVICES to use them"
        yield Line("GPU", "good", f"{machine.hidden_gpus} more hidden by CUDA_VISIBLE_DEVICES", fix)
    for note in machine.notes:
        yield Line("GPU", note.level, note.message, note.advice)
    if machine.driver:
        yield Line("driver", "good", f"{machine.driver}, CUDA {machine.cuda or 'version unknown'}")
    if machine.gpu is not None:
        yield _precision(machine.gpu)


def _gpu(gpu: Gpu) -> Line:
    """Return what the card is and how free it is; a warning if others hold a good part of it."""
    held = sum(user.memory or 0 for user in gpu.users)
    facts = [title(gpu) + (" (MIG slice)" if gpu.mig else ""), _card_memory(gpu)]
    if gpu.capability:
        facts.append(f"capability {gpu.capability[0]}.{gpu.capability[1]}")
    facts += [f"{gpu.utilization} % busy"] if gpu.utilization is not None else []
    facts += [f"{gpu.temperature} °C"] if gpu.temperature is not None else []
    facts += [f"{gpu.power:.0f} W"] if gpu.power is not None else []
    busy = held > BUSY_GIB * GIB
    users = ", ".join(_user(user.name, user.pid, user.memory) for user in gpu.users)
    advice = "wait for them, or take another card with launch.devices" if busy else ""
    value = " · ".join([*facts, *([f"used by {users}"] if users else []), gpu.uuid])
    return Line(f"GPU {gpu.index}", "warning" if busy else "good", value, advice)


def _card_memory(gpu: Gpu) -> str:
    if gpu.memory_total is None or gpu.memory_free is None:
        return "memory unknown"
    return f"{gpu.memory_free / GIB:.1f} of {gpu.memory_total / GIB:.1f} GiB free"


def _user(name: str, pid: int, memory: int | None) -> str:
    size = f", {memory / GIB:.1f} GiB" if memory is not None else ""
    return f"{name}, pid {pid}{size}"


def _precision(gpu: Gpu) -> Line:
    """Say which arithmetic a run gets on the card; fp16 is no fault, only a choice that was made for it."""
    if gpu.capability is None:
        return Line("precision", "warning", "the card does not say what it can do", "training will use fp16")
    flash = "flash attention possible" if gpu.flash else "no flash attention"
    return Line("precision", "good", f"{arithmetic(gpu)}, {flash}")


def _processor(machine: Machine) -> Iterator[Line]:
    arithmetic = "bf16" if machine.cpu_bf16 else "no bf16"
    cores = "1 core" if machine.cores == 1 else f"{machine.cores} cores"
    yield Line("CPU", "good", f"{machine.cpu} · {cores} · {arithmetic}")
    free, total = machine.ram_free / GIB, machine.ram_total / GIB
    level = _level(free, RAM_GIB)
    fix = {"wrong": "end other programs", "warning": "large models will not load"}.get(level, "")
    yield Line("RAM", level, f"{free:.1f} of {total:.1f} GiB free", fix)


def _level(amount: float, bounds: tuple[float, float]) -> Level:
    return "wrong" if amount < bounds[0] else "warning" if amount < bounds[1] else "good"


def _python(interpreter: Interpreter) -> Iterator[Line]:
    yield Line("Python", "good", f"{interpreter.release} at {interpreter.python}".strip())
    old = libraries.outdated(interpreter)
    for name in libraries.LIBRARIES:
        version = interpreter.versions.get(name)
        if version is None:
            yield Line(
                name, "wrong" if name in libraries.BASE else "warning", _lacking(name), _install(interpreter, name)
            )
        elif name in old:
            yield Line(
                name, "warning", f"{version} is older than {old[name]}", _install(interpreter, f"'{name}>={old[name]}'")
            )
        else:
            yield Line(name, "good", version)


def _lacking(name: str) -> str:
    """Say what cannot be done without the library."""
    if name in libraries.BASE:
        return "not installed: nothing can be trained"
    goals = [goal for goal, names in libraries.BY_GOAL.items() if name in names]
    methods = [method for method, names in libraries.BY_METHOD.items() if name in names]
    return f"not installed: needed for {', '.join(goals + methods)}"


def _install(interpreter: Interpreter, what: str) -> str:
    if interpreter.own:
        return "install the training half too: tunewright[train], or name a Python that has it with --python"
    return f"{interpreter.python} -m pip install {what}"


def _torch(machine: Machine, interpreter: Interpreter, torch: TorchFacts | None) -> list[Line]:
    version = interpreter.versions.get("torch")
    if version is None:
        return []
    return torch_lines(machine, torch) if torch else expected_lines(machine, version)


def _flash(machine: Machine, interpreter: Interpreter) -> Iterator[Line]:
    """flash-attn is an improvement for cards that can use it, never a need."""
    gpu = machine.gpu
    if interpreter.flash_attn and (gpu is None or not gpu.flash):
        yield Line(
            "flash-attn", "good", f"{interpreter.flash_attn}, but no card here can use it: attention runs through sdpa"
        )
    elif interpreter.flash_attn:
        yield Line("flash-attn", "good", interpreter.flash_attn)
    elif gpu is not None and gpu.flash:
        fix = f"for packing of short rows: {interpreter.python} -m pip install flash-attn --no-build-isolation"
        yield Line("flash-attn", "good", "not installed: attention runs through sdpa", fix)


def _disk(disk: Disk) -> Line:
    name = f"disk: {disk.purpose}"
    place = existing(disk.path)
    if not (place.is_dir() and os.access(place, os.W_OK)):
        return Line(name, "wrong", f"{place} is no folder that can be written to", _elsewhere(disk.purpose))
    level = _level(disk.free / GIB, DISK_GIB[disk.purpose])
    value = f"{disk.free / GIB:.1f} GiB free at {disk.path}"
    return Line(name, level, value, "" if level == "good" else _elsewhere(disk.purpose))


def _elsewhere(purpose: str) -> str:
    setting = {"runs": "TUNEWRIGHT_RUNS or --runs", "model cache": "HF_HUB_CACHE", "data cache": "HF_DATASETS_CACHE"}
    return f"make room there, or point {setting.get(purpose, 'TMPDIR')} to another disk"


def _detached() -> Line:
    note = kills_detached()
    if note is None:
        return Line("detached runs", "good", "go on when the terminal closes")
    return Line("detached runs", note.level, note.message, note.advice)


def _hub(environ: Mapping[str, str]) -> Iterator[Line]:
    """Report token and offline mode; of the token only whether there is one, never its text."""
    named = any(environ.get(name, "").strip() for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"))
    known = named or _filled(token_file(environ))
    yield Line(
        "hub token", "good", "yes" if known else "no", "" if known else "for gated models such as Llama: hf auth login"
    )
    offline = [
        n
        for n in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
        if environ.get(n, "").upper() in TRUE
    ]
    if offline:
        yield Line(
            "hub",
            "warning",
            f"offline ({', '.join(offline)}): only what is on the disk",
            f"unset {offline[0]} to download",
        )
    else:
        yield Line("hub", "good", "downloads are allowed")


def _filled(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except OSError:
        return False
