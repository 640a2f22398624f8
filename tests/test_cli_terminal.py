"""Commands at a real terminal: the full screen, and the question before something is lost."""

import signal
from pathlib import Path

import pexpect
import pyte
import pytest

from tests.commands import HELD, PROGRAM, clean, holds, newest, scripted, shown, tunewright, until
from tests.tui.journals import RunFolder

pytestmark = pytest.mark.slow


@pytest.fixture
def held(tmp_path):
    """A run that goes on until it is told to end."""
    tunewright("run", scripted(tmp_path, HELD), "--detach", cwd=tmp_path)
    holds(tmp_path)
    name = newest(tmp_path)
    yield name
    tunewright("stop", name, "--hard", cwd=tmp_path)


def terminal(*words, cwd):
    """A command in a pseudo-terminal of 120 x 40."""
    environ = clean({"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONUTF8": "1"})
    command, *arguments = [*PROGRAM, *words]
    return pexpect.spawn(command, arguments, cwd=str(cwd), env=environ, dimensions=(40, 120), timeout=60)


def ended(child):
    """The exit status, once the program has ended."""
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


def test_without_a_command_the_full_screen_opens(tmp_path):
    child = terminal(cwd=tmp_path)
    child.expect("No runs here yet")
    child.sendcontrol("q")
    assert ended(child) == 0


def test_a_run_is_watched_and_leaving_says_that_it_goes_on(held, tmp_path):
    child = terminal("watch", held, cwd=tmp_path)
    screen = pyte.Screen(120, 40)
    stream = pyte.ByteStream(screen)

    def shows(words: str) -> bool:
        stream.feed(child.read_nonblocking(4096, timeout=10))
        return any(words in line for line in screen.display)

    until(lambda: shows(held))
    until(lambda: shows("Libraries"))
    child.sendcontrol("q")
    child.expect(rf"tunewright\s+watch\s+{held}")
    assert ended(child) == 0
    assert shown(tmp_path)["state"] == "running"


def test_a_screen_that_was_frozen_is_right_when_it_goes_on(tmp_path):
    run = RunFolder(tmp_path / "runs", "frozen").start().prepare().begin().train(1, 30)
    child = terminal("watch", run.path.name, cwd=tmp_path)
    screen = pyte.Screen(120, 40)
    stream = pyte.ByteStream(screen)

    def shows(words: str) -> bool:
        stream.feed(child.read_nonblocking(65536, timeout=20))
        return any(words in line for line in screen.display)

    until(lambda: shows("step 30 of"))
    child.kill(signal.SIGSTOP)
    until(lambda: Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    run.train(31, 800)  # who trains does not wait for who looks on
    child.kill(signal.SIGCONT)
    until(lambda: shows("step 800 of"))
    child.sendcontrol("q")
    assert ended(child) == 0


def test_a_run_is_deleted_only_after_a_yes(held, tmp_path):
    tunewright("stop", held, cwd=tmp_path)
    for answer, said in (("", "nothing was deleted"), ("n", "nothing was deleted"), ("y", "is deleted")):
        child = terminal("delete", held, cwd=tmp_path)
        child.expect("with its checkpoints and its model")
        child.sendline(answer)
        child.expect(said)
        assert ended(child) == 0
    assert not (tmp_path / "runs" / held).exists()


def test_a_script_of_others_is_shown_on_a_terminal_without_steering_it(tmp_path):
    first = scripted(tmp_path, "print('\x1b]0;owned\x07')\n")
    child = terminal("export", str(first), cwd=tmp_path)
    child.expect("print")
    child.expect(pexpect.EOF)
    assert b"\x1b" not in child.before and b"owned" in child.before
