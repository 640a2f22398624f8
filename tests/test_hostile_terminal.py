"""Hostile text through every field, name, log line and file, at a real terminal: the raw bytes steer nothing."""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests import facts
from tests.commands import PROGRAM, clean
from tests.tui.journals import RunFolder
from tui.harmless import OURS, UNWANTED, ours, same_width

NASTY = (
    "\x1b]52;c;ZXZpbA==\x07\x1b]0;owned\x07\x1b]8;;http://evil\x1b\\\x1bP1$r0m\x1b\\\x1b_Gx\x1b\\\x1b[33;44;55t\x1bc\x0e\x08\x7f"
    "\x9b31;1m\x9d0;owned\x9c\x90q\x9c\u202egnp.exe\u2066\u2028a\u0301" + "\u0301" * 300 + "\u200b" * 50 + "[red]x[/] [@click=app.quit]y[/]"
)  # fmt: skip
NAME = "bad\x1b]0;owned\x07\x9b31m\u202ename"
"""A name of a file or a folder."""
DRIVER = """
import json, sys
from tui import cli
for words in json.loads(sys.argv[1]):
    sys.argv = ["tunewright", *words]
    cli._guarded()
"""
SENT = re.compile(rb"\x1b(?:\[[?<>=]?[\d;:$]*[A-Za-z]|[=>78]|\]22;[a-z-]+\x07)")
"""What the program itself sends: places, colours, modes, the shape of the pointer."""


def check(raw: bytes) -> None:
    """Nothing in these bytes is a sequence but ours, and no sign is one that a terminal or a reader obeys."""
    assert raw
    assert not (found := re.findall(rb"\x1b.{,60}", SENT.sub(b"", raw))), found
    assert b"\x1b[33;44;55t" not in raw
    text = SENT.sub(b"", raw).decode("utf-8")
    assert not (odd := [sign for sign in UNWANTED.findall(text) if sign not in "\r\n\x07"]), (odd, text[-2000:])
    assert "\x07" not in text
    assert "\u0301" * 20 not in text


def terminal(folder: Path, *words: str, size: tuple[int, int] = (40, 120)) -> Any:
    """A program at a terminal."""
    environ = clean({"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONUTF8": "1"})
    environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    command, *arguments = words
    return pexpect.spawn(command, arguments, cwd=str(folder), env=environ, dimensions=size, timeout=60)


def hostile(root: Path) -> RunFolder:
    """A run whose every word is hostile."""
    run = RunFolder(root, NAME, planned=40).start(pid=2**22 + 1).prepare()
    told = (
        f"goal: sft\nmodel: {{id: {json.dumps(NASTY)}}}\ndata: {{train: {json.dumps(NASTY)}}}\nmethod: {{kind: lora}}\n"
    )
    (run.path / "run.yaml").write_text(told)
    (run.path / "train.py").write_text(f"print('{NASTY}')\n")
    (run.path / "log.txt").write_text(f"{NASTY}\n\x1b[31mred\x1b[0m\n" * 20)
    (run.path / "note.txt").write_text(f"{NASTY} #tag")
    run.say("phase", 20, name=NASTY).say("progress", 21, name=NASTY, done=1, total=2, unit=NASTY).begin()
    for step in (1, 2):
        run.say("metrics", 40 + step, step=step, epoch=0.1, values={"loss": 1.0, NASTY: 1.0})
    run.say("evaluated", 50, step=2, epoch=0.1, values={NASTY: 1.0, "eval_loss": 1.0})
    run.warn(2, NASTY, NASTY)
    return run


def files(folder: Path) -> None:
    """Files of others with hostile names and contents."""
    (folder / f"{NAME}.jsonl").write_text(
        "".join(json.dumps({"prompt": f"{NASTY} {n}", "completion": NASTY, NASTY: n}) + "\n" for n in range(40))
    )
    (folder / "curves.jsonl").write_text(
        "".join(json.dumps({"step": n, "loss": 1.0, NASTY: 2.0}) + "\n" for n in (1, 2))
    )
    (folder / "curves.csv").write_text(
        f"step,loss,{NASTY.replace(',', '')}\n1,1.0,2.0\n2,1.0,{NASTY.replace(',', '')}\n"
    )
    (folder / "run.yaml").write_text(f"goal: sft\nmodel: {{id: {json.dumps(NASTY)}}}\n")
    (folder / "odd.yaml").write_text(f"goal: {json.dumps(NASTY)}\n{json.dumps(NASTY)}: 1\n")
    (folder / "broken.yaml").write_text(f"goal: [{NASTY}\n")


def test_plain_output_of_every_command_steers_nothing(tmp_path: Path) -> None:
    run, failed = hostile(tmp_path / "runs"), hostile(tmp_path / "more")
    failed.say("failed", 60, code=NASTY, message=NASTY, advice=NASTY, traceback=NASTY)
    files(tmp_path)
    data, more = f"{NAME}.jsonl", ("--runs", "more")
    commands = [
        [NASTY], ["runs"], ["runs", NASTY], ["runs", "--json"], ["show", NAME], ["show", NAME, *more], ["show", NASTY],
        ["show", NAME, "--json"], ["compare", NAME, NASTY], ["compare", NAME, str(failed.path), "--headless"],
        ["watch", NAME, "--headless"], ["watch", NAME, "--headless", *more], ["watch", "curves.jsonl", "--headless"],
        ["watch", "curves.csv", "--headless"], ["watch", data, "--headless"], ["watch", NASTY], ["watch", "--alarm", NASTY],
        ["note", NAME], ["note", NAME, NASTY], ["stop", NAME], ["stop", NASTY], ["save", NASTY], ["evaluate", NASTY],
        ["shorten", NASTY, "1"], ["shorten", NAME, NASTY], ["resume", NASTY], ["delete", NASTY, "--yes"],
        ["inspect", data], ["inspect", NASTY], ["advise", "--goal", NASTY], ["advise", "--goal", "sft", "--model", NASTY],
        ["advise", "--goal", "sft", "--data", data, "--gpu", NASTY], ["estimate", "run.yaml"], ["estimate", "odd.yaml"],
        ["estimate", "broken.yaml"], ["run", "odd.yaml"], ["run", NASTY], ["run", "run.yaml", "--set", NASTY],
        ["export", "run.yaml", "--set", f"{NASTY}=1"], ["export", str(run.path)], ["tokens", "run.yaml"], ["presets", NASTY],
        ["presets", "x", NASTY], ["doctor", NASTY], ["doctor", "--python", NASTY], ["demo", NASTY], ["runs", f"--{NASTY}"],
        ["--runs", NASTY, "runs"],
    ]  # fmt: skip
    program = terminal(tmp_path, sys.executable, "-c", DRIVER, json.dumps(commands))
    raw = program.read()
    program.close()
    assert program.exitstatus == 0, raw[-2000:]
    assert raw.count(b"owned") > len(commands) // 2 and b"Traceback" not in raw.replace(NASTY.encode(), b"")
    check(raw)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(24, 80), (40, 120)])
def test_screens_steer_nothing(size: tuple[int, int], tmp_path: Path) -> None:
    hostile(tmp_path / "runs")
    files(tmp_path)
    facts.model(tmp_path / NAME, facts.QWEN_HALF_B, chat=True)
    program = terminal(tmp_path, *PROGRAM, size=size)
    raw = seen(program, "bad")
    for keys, words in (
        ("\r", "step"), ("l", "red"), ("\x1b", "step"), ("\x1b", "bad"), ("t", "note"), ("\x1b", "bad"), ("/", "Show"),
        (f"\x1b[200~{NASTY}\x1b[201~", "owned"), ("\x1b", "bad"), ("r", "Which model"), ("\x1b", "What should"),
        ("\x1b", "Find"), ("d", "Delete"), ("\x1b", ""),
    ):  # fmt: skip
        program.send(keys)
        raw += seen(program, words)
    program.sendcontrol("q")
    raw += quiet(program, 3.0)
    program.close()
    assert program.exitstatus == 0
    check(raw)


def seen(program: Any, words: str) -> bytes:
    """What comes until these words have come, and then nothing for a while."""
    raw, end = b"", time.monotonic() + 60
    while words.encode() not in raw or not words:
        raw += quiet(program)
        assert time.monotonic() < end, (words, raw[-2000:])
        if not words:
            break
    return raw


def quiet(program: Any, seconds: float = 0.7) -> bytes:
    """What comes until nothing has come for a while."""
    raw = b""
    try:
        while True:
            raw += program.read_nonblocking(65536, timeout=seconds)
    except (pexpect.TIMEOUT, pexpect.EOF):
        return raw


@pytest.mark.parametrize(
    "sign", ["\x1b[2J", "\x9b31m", "\u202e", "\ud800", "\x1b]0;x\x07", "\x1bP1\x1b\\", "\x7f", "\x00"]
)
def test_what_no_place_made_visible_is_taken_out_at_the_end(sign: str) -> None:
    assert UNWANTED.search(same_width(f"a{sign}é")) is None
    assert "\x1b" not in ours(f"\x1b[1;1H\x1b[31m{sign[1:]}é\x1b[0m").replace("\x1b[1;1H\x1b[31m", "").replace(
        "\x1b[0m", ""
    )
    assert OURS.sub("", ours(f"{sign}\x1b]0;owned\x07")).isprintable()


@pytest.mark.slow
@pytest.mark.parametrize("key", ["q", "\x11"])
def test_the_program_is_left_at_any_size(key: str, tmp_path: Path) -> None:
    RunFolder(tmp_path / "runs", "going").start()
    program = terminal(tmp_path, *PROGRAM, size=(24, 80))
    program.expect("going")
    program.setwinsize(1, 1)
    quiet(program)
    program.send(key)
    told = program.read()
    program.close()
    assert program.exitstatus == 0
    assert b"Comebackwith:tunewrightwatchgoing" in b"".join(told.split()) and b"\x1b[?1049l" in told


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_terminal_as_it_was(number: int, tmp_path: Path) -> None:
    RunFolder(tmp_path / "runs", "going").start()
    program = terminal(tmp_path, *PROGRAM, size=(24, 80))
    program.expect("going")
    quiet(program)
    os.kill(program.pid, number)
    told = program.read()
    program.close()
    assert program.exitstatus == 128 + number
    assert b"\x1b[?1049l" in told and b"Come back with: tunewright watch going" in told


@pytest.mark.parametrize("begun", [False, True])
def test_who_looks_on_is_told_that_the_folder_is_gone(begun: bool, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs", "gone")
    if begun:
        run.start().prepare()
    program = terminal(tmp_path, *PROGRAM, "watch", "gone", "--headless")
    program.expect("starting|baseline")
    run.path.rename(tmp_path / "elsewhere")
    begin = time.monotonic()
    program.expect("this folder is gone")
    assert program.read() is not None and time.monotonic() - begin < 60
    program.close()
    assert program.exitstatus == 1
