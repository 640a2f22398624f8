"""Keys over a real pseudo-terminal: torn chunks, pastes, held keys, resizes, and a terminal that takes little."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.monkey import HOME, Monkey, run, searched

pytestmark = pytest.mark.slow
NAME = 'my data\'s/my "best" set.jsonl'


@pytest.fixture
def monkey(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Monkey]:
    """The program on Home, in a folder with a model, rows and three runs."""
    before = Path.cwd()
    found = Monkey(1, (100, 30), tmp_path, rate=getattr(request, "param", 0))
    yield found
    os.chdir(before)
    found.terminal.close()


def names(monkey: Monkey) -> set[str]:
    return {path.name for path in (monkey.folder / "runs").iterdir() if not path.name.startswith(".")}


def sees(monkey: Monkey, *words: str) -> None:
    monkey.wait(lambda: all(word in monkey.terminal.text for word in words), str(words))


def test_what_is_meant_for_the_search_deletes_no_run(monkey: Monkey) -> None:
    searched(monkey, times=4)
    assert names(monkey) == monkey.runs


@pytest.mark.parametrize("pasted", [True, False])
def test_a_path_reaches_its_field_while_the_list_has_the_focus(monkey: Monkey, pasted: bool) -> None:
    (monkey.folder / "my data's").mkdir()
    (monkey.folder / NAME).write_text((monkey.folder / "support.jsonl").read_text())
    monkey.send("n\x1b[H\rtiny-chat\r")
    sees(monkey, "What should it learn from?", "newest first")
    monkey.send(f"\x1b[200~{NAME}\x1b[201~" if pasted else NAME)
    sees(monkey, NAME)
    monkey.send("\r")
    sees(monkey, "300 rows", "for the test")


@pytest.mark.extended
@pytest.mark.parametrize("monkey", [12_000], indirect=True)
def test_a_script_of_keys_in_one_chunk_is_followed_on_a_slow_terminal(monkey: Monkey) -> None:
    monkey.send("n\x1b[H\rtiny-chat\rsupport.jsonl\r\r\x1b\x1b\x1b\x1b")
    monkey.send("/yes\r")
    sees(monkey, HOME, "1 of 3 runs with 'yes'")
    assert names(monkey) == monkey.runs


def test_held_keys_and_resizes_lose_nothing(monkey: Monkey) -> None:
    monkey.send("\x1b[B" * 60 + "\x1b[A" * 60 + "t\x15held ")
    monkey.resize()
    monkey.send("d" * 60)
    monkey.resize()
    monkey.send(" y\r")
    wanted = f"held {'d' * 60} y"
    notes = monkey.folder / "runs"
    monkey.wait(lambda: any(each.read_text().strip() == wanted for each in notes.glob("*/note.txt")), "the note")
    assert names(monkey) == monkey.runs


@pytest.mark.extended
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_monkey_finds_nothing(size: tuple[int, int]) -> None:
    before = Path.cwd()
    said = run(1, size, seconds=20)  # other seeds, and longer ones: python -m benchmarks.monkey
    os.chdir(before)
    assert "nothing found" in said, said
