"""A working directory as a person has one: a model, an encoder, some data, a T4, and no network."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from tests import facts, loaded
from tests.tui.desk import Desk

MODELS = (
    ("tiny-chat", facts.QWEN_HALF_B, {"chat": True}),
    ("minilm", facts.MINILM, {"sentences": 256}),
    ("llama-2-7b", facts.LLAMA_7B, {}),
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose pictures are the same on every machine."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "COLORFGBG", "TUNEWRIGHT_PYTHON", "TUNEWRIGHT_RUNS"):
        if not loaded.stands_in(os.environ.get(name, "")):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TUNEWRIGHT_WARM", "0")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("engine.machine.look", lambda runs: facts.machine(facts.T4))
    for name, config, more in MODELS:
        facts.model(tmp_path / name, config, **more)
        weights(tmp_path / name)
    write(
        tmp_path / "support.jsonl",
        [{"prompt": f"question {n}?", "completion": f"answer {n}. " * 9} for n in range(600)],
    )
    write(
        tmp_path / "pairs.jsonl",
        [{"question": f"what is {n}?", "passage": f"{n} is a number. " * 5} for n in range(700)],
    )
    for age, name in enumerate(
        ("tiny-chat/config.json", "minilm/config.json", "llama-2-7b/config.json", "support.jsonl")
    ):
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    return Desk(tmp_path)


def weights(folder: Path) -> None:
    """Write a file of weights without any in it: only its header is read here."""
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until the screen looks the same twice: colours and scroll bars arrive after the text."""
    before = ""
    while (now := pilot.app.export_screenshot()) != before:
        before = now
        await pilot.pause(0.2)


@pytest.fixture
def snap_compare(snap_compare: Callable[..., bool]) -> Callable[..., bool]:
    """Take every picture of a screen that has settled."""

    def compare(app: App[Any], terminal_size: tuple[int, int], run_before: Callable[..., Awaitable[None]]) -> bool:
        async def ready(pilot: Pilot[Any]) -> None:
            await run_before(pilot)
            await settled(pilot)

        return snap_compare(app, terminal_size=terminal_size, run_before=ready)

    return compare
