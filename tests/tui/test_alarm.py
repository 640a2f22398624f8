"""Being called at the end and at a warning: once each, by a bell, a notification or a command, and with plain text."""

from pathlib import Path

import pytest

from engine.history import History
from engine.problem import Problem
from tests.commands import complaint, until
from tests.tui.journals import RunFolder, wait_until
from tui.alarm import Alarm
from tui.app import Tunewright


def known(*events: tuple[str, str]) -> History:
    """A history of warnings and failures."""
    history = History()
    for kind, message in events:
        history.apply({"type": kind, "time": 1.0, "code": "x", "message": message, "advice": ""})
    return history


def test_each_warning_and_the_end_are_said_once_and_what_was_there_before_is_not() -> None:
    alarm = Alarm("bell", "mine")
    assert alarm.look(known(("warning", "old")), "running") == ""
    assert alarm.look(known(("warning", "old"), ("warning", "the loss jumps")), "running") == "mine: the loss jumps"
    assert alarm.look(known(("warning", "old"), ("warning", "the loss jumps")), "running") == ""
    ended = known(("warning", "old"), ("warning", "the loss jumps"), ("failed", "memory is full"))
    assert alarm.look(ended, "failed") == "mine is failed: memory is full"
    assert alarm.look(ended, "failed") == ""


def test_a_run_that_had_ended_calls_nobody() -> None:
    alarm = Alarm("bell", "mine")
    assert [alarm.look(known(), "completed") for _ in range(2)] == ["", ""]


@pytest.mark.parametrize(
    ("how", "sent"),
    [("bell", "\a"), ("osc9", "\x1b]9;a, b[2J\a"), ("osc777", "\x1b]777;notify;tunewright;a, b[2J\a"), ("", "")],
)
def test_a_terminal_gets_no_more_than_the_notification(how: str, sent: str) -> None:
    told: list[str] = []
    Alarm(how, "mine").sound("a; b\x1b[2J\n", told.append)
    assert "".join(told) == sent


def test_a_command_gets_the_sentence_as_one_word_and_no_shell_reads_it(tmp_path: Path) -> None:
    script = tmp_path / "call.sh"
    script.write_text('#!/bin/sh\nprintf "%s|" "$@" > "$1.part" && mv "$1.part" "$1"\n')
    script.chmod(0o700)
    Alarm(f"{script} {tmp_path / 'said'}", "mine").sound("done; $(touch owned) 'x'", print)
    said = until(lambda: (tmp_path / "said").exists() and (tmp_path / "said").read_text())
    assert said == f"{tmp_path / 'said'}|done; $(touch owned) 'x'|"


def test_a_command_that_is_none_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="there is no command"):
        Alarm("no-such-program now", "").check()
    assert "--alarm" in complaint("watch", "--alarm", "'", cwd=tmp_path, status=2)


async def test_the_screen_calls_when_the_run_ends(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "mine").start().prepare().begin().train(1, 30)
    sent: list[str] = []
    async with Tunewright(tmp_path, watch=run.path, alarm="bell").run_test(size=(80, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, Tunewright)
        app.wire.send = sent.append
        await wait_until(pilot, lambda: getattr(app.screen, "state", "") == "running")
        run.warn(30, "the loss jumps", "look")
        await wait_until(pilot, lambda: sent == ["\a"])
        run.say("finished", 99, status="stopped", results=None)
        await wait_until(pilot, lambda: sent == ["\a", "\a"])
