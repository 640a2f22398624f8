"""Attacks with code of others: whatever a stranger's file, folder or model says, his code runs only with consent."""

import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from engine import consent, document, run_folder, user_state
from engine.consent import ConsentNeeded
from engine.model_code import model_code
from engine.problem import Problem
from engine.reward_code import reward_code
from engine.run import allowed, launch, resume
from tests import facts
from tests.facts import T4, machine
from tests.tiny import talks, write_rows
from tests.training import trusted
from tui.commands.program import program

PAY = "{evil}\n\n\ndef pay(prompts, completions, **columns):\n    return [0.0 for _ in prompts]\n"


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a model, rows, and a user who has agreed to nothing yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("engine.machine.look", lambda _: machine(T4))
    facts.model(tmp_path / "base", facts.QWEN_HALF_B, chat=True)
    write_rows(tmp_path / "prompts.jsonl", [{"prompt": row["prompt"]} for row in talks(24)])
    write_rows(tmp_path / "talks.jsonl", talks(24))
    (tmp_path / "pay.py").write_text(PAY.format(evil=evil(tmp_path)))
    return tmp_path


def evil(folder: Path) -> str:
    """A line of Python that leaves a trace where it is executed."""
    return f"open({str(folder / 'owned')!r}, 'a').close()"


def asks(folder: Path, **more: Any) -> Path:
    """A run file of a stranger: it says itself that its code may run."""
    values = {
        "goal": "prefer",
        "model": {"id": "base"},
        "data": {"train": "prompts.jsonl", "columns": {"prompt": "prompt"}},
        "method": {"kind": "lora"},
        "objective": {"reward": {"function": "pay.py:pay"}, "trust_reward_code": True},
        "launch": {"device": "cpu"},
    }
    (folder / "run.yaml").write_text(document.dump_values({**values, **more}))
    return folder / "run.yaml"


def plain(**more: Any) -> dict[str, Any]:
    """What a run of another goal says in place of the one with a reward."""
    talk = {"train": "talks.jsonl", "columns": {"prompt": "prompt", "completion": "completion"}}
    return {"goal": "sft", "data": talk, "objective": {}, **more}


def complete(file: Path) -> Any:
    """The complete run of a file, as the guide makes it."""
    from engine.guide import recommend
    from tui.commands.facts import answers_of, here

    answers = answers_of(file, ())
    return recommend(answers, here(answers, machine(T4))).run


def said(*words: str | Path) -> str:
    """What a command says that is refused: one sentence."""
    done = CliRunner().invoke(program, [str(word) for word in words], prog_name="tunewright")
    assert isinstance(done.exception, Problem), (done.exception, done.output)
    assert "\n" not in done.exception.sentence
    return done.exception.sentence


def nothing_ran(folder: Path) -> None:
    assert not (folder / "owned").exists()
    assert not list((folder / "runs").glob("*")), "a run was written before anybody agreed"


EXECUTE = (("run", "run.yaml"), ("tokens", "run.yaml"), ("estimate", "run.yaml", "--trace"))


@pytest.mark.parametrize("words", EXECUTE, ids=lambda words: words[0])
def test_a_flag_in_the_run_file_is_no_consent_to_a_reward(words: tuple[str, ...], desk: Path) -> None:
    asks(desk)
    sentence = said(*words)
    digest = reward_code(document.load(desk / "run.yaml")).sha256
    assert str(desk / "pay.py") in sentence and digest in sentence and "--trust" in sentence
    nothing_ran(desk)


@pytest.mark.parametrize("words", EXECUTE, ids=lambda words: words[0])
def test_a_flag_in_the_run_file_is_no_consent_to_a_models_code(words: tuple[str, ...], desk: Path) -> None:
    with_code(desk / "base")
    asks(desk, **plain(model={"id": "base", "trust_remote_code": True}))
    sentence = said(*words)
    assert str(desk / "base") in sentence and "modeling_own.py" in sentence
    nothing_ran(desk)


def with_code(folder: Path, where: str = "") -> None:
    """Let a model bring Python of its own."""
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": f"{where}modeling_own.OwnConfig"}
    (folder / "config.json").write_text(json.dumps(config))
    if not where:
        (folder / "modeling_own.py").write_text(f"{evil(folder.parent)}\n")


def test_a_hash_that_the_stranger_wrote_is_no_consent(desk: Path) -> None:
    file = asks(desk)
    digest = reward_code(document.load(file)).sha256
    asks(desk, objective={"reward": {"function": "pay.py:pay"}, "trust_reward_code": True, "reward_sha256": digest})
    assert digest in said("run", "run.yaml")


OTHERS = {
    "teacher": ("distill", {"teacher": "other"}),
    "reward model": ("prefer", {"reward": {"model": "other"}}),
    "guide": ("embed", {"guide": "other", "loss": "CachedGISTEmbedLoss"}),
}


@pytest.mark.parametrize("which", OTHERS)
def test_code_of_the_other_models_of_a_run_is_asked_for(which: str, desk: Path) -> None:
    goal, objective = OTHERS[which]
    facts.model(desk / "other", facts.QWEN_HALF_B, chat=True)
    with_code(desk / "other")
    columns = {"prompt": "prompt"} if goal == "prefer" else {"prompt": "prompt", "completion": "completion"}
    columns = {"anchor": "prompt", "positive": "completion"} if goal == "embed" else columns
    run = document.check(
        {
            "goal": goal,
            "model": {"id": str(desk / "base"), "trust_remote_code": True},
            "data": {"train": str(desk / "talks.jsonl"), "columns": columns},
            "objective": {
                **objective,
                **{name: str(desk / "other") for name in ("teacher", "guide") if name in objective},
            }
            if goal != "prefer"
            else {"reward": {"model": str(desk / "other")}},
        }
    )
    with pytest.raises(ConsentNeeded) as caught:
        consent.agreed(run)
    assert [code.path for code in caught.value.codes] == [str(desk / "other")]


def test_code_of_the_base_of_an_adapter_is_asked_for_and_an_adapter_of_itself_ends(desk: Path) -> None:
    with_code(desk / "base")
    adapter = desk / "adapter"
    adapter.mkdir()
    for base in (str(desk / "base"), str(adapter)):
        told = {"peft_type": "LORA", "base_model_name_or_path": base}
        (adapter / "adapter_config.json").write_text(json.dumps(told))
        found = model_code(sft(desk, adapter))
        assert [code.path for code in found] == ([base] if base != str(adapter) else [])


def sft(desk: Path, model: Path | str, **more: Any) -> Any:
    return document.check(
        {
            "goal": "sft",
            "model": {"id": str(model), "trust_remote_code": True, "dtype": "fp32", "attention": "sdpa"},
            "data": {"train": str(desk / "talks.jsonl"), "columns": {"prompt": "prompt", "completion": "completion"}},
            "objective": {"chat_template": "own"},
            "training": {"precision": "fp32"},
            "launch": {"device": "cpu"},
            **more,
        }
    )


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "1_Own/config.json"])
def test_code_that_a_model_names_in_another_place_is_asked_for(file: str, desk: Path) -> None:
    (desk / "hidden").mkdir()
    (desk / "hidden" / "modeling_own.py").write_text(evil(desk))
    told = {"auto_map": {"AutoTokenizer": [None, f"{desk / 'hidden'}--modeling_own.Own"]}}
    (desk / "base" / file).parent.mkdir(exist_ok=True)
    known = json.loads((desk / "base" / file).read_text()) if (desk / "base" / file).exists() else {}
    (desk / "base" / file).write_text(json.dumps({**known, **told}))
    assert [code.path for code in model_code(sft(desk, desk / "base"))] == [str(desk / "hidden")]


def test_code_of_a_hub_model_that_is_not_downloaded_is_asked_for_by_id_and_revision(desk: Path) -> None:
    with_code(desk / "base", "nobody/evil--")
    [code] = model_code(sft(desk, desk / "base"))
    assert code.path == "nobody/evil@main" and not code.files
    with pytest.raises(ConsentNeeded, match="nobody/evil@main, which is not downloaded yet"):
        consent.agreed(sft(desk, desk / "base"))
    consent.agree([code])
    assert consent.agreed(sft(desk, desk / "base")).environment(desk)[consent.MODEL_CODE] == "any"
    other = sft(desk, "nobody/evil")
    moved = other.model_copy(update={"model": other.model.model_copy(update={"revision": "v2"})})
    with pytest.raises(ConsentNeeded, match="nobody/evil@v2"):
        consent.agreed(moved)


def test_consent_to_a_models_code_ends_with_any_change_of_any_file(desk: Path) -> None:
    with_code(desk / "base")
    (desk / "base" / "deep").mkdir()
    (desk / "base" / "deep" / "helper.py").write_text("x = 1")
    run = trusted(sft(desk, desk / "base"))
    assert consent.agreed(run).model
    for change in (
        lambda: (desk / "base" / "deep" / "helper.py").write_text("x = 2"),
        lambda: (desk / "base" / "another.py").write_text(""),
        lambda: (desk / "base" / "another.py").rename(desk / "base" / "renamed.py"),
        lambda: (desk / "base" / "modeling_own.py").unlink(),
    ):
        change()
        with pytest.raises(ConsentNeeded):
            consent.agreed(run)
        trusted(run)
        assert consent.agreed(run).model


def test_a_link_that_leads_elsewhere_after_consent_is_asked_for_again(desk: Path) -> None:
    (desk / "good.py").write_text(PAY.format(evil=""))
    (desk / "pay.py").unlink()
    (desk / "pay.py").symlink_to(desk / "good.py")
    asks(desk)
    trusted(document.load(desk / "run.yaml"))
    (desk / "bad.py").write_text(PAY.format(evil=evil(desk)))
    (desk / "pay.py").unlink()
    (desk / "pay.py").symlink_to(desk / "bad.py")
    assert "bad.py" in said("run", "run.yaml")
    with_code(desk / "base")
    shutil.move(desk / "base" / "modeling_own.py", desk / "code.py")
    (desk / "base" / "modeling_own.py").symlink_to(desk / "code.py")
    run = trusted(sft(desk, desk / "base"))
    (desk / "code.py").write_text("changed = True")
    with pytest.raises(ConsentNeeded):
        consent.agreed(run)


CHANGES = {"helper.py": "import further\n", "further.py": "x = 1\n", "pack/__init__.py": "", "pack/inner.py": "y = 1\n"}


@pytest.mark.parametrize("changed", CHANGES)
def test_what_a_reward_imports_from_its_folder_is_agreed_to_copied_and_asked_for_when_it_changes(
    changed: str, desk: Path
) -> None:
    for name, text in CHANGES.items():
        (desk / name).parent.mkdir(exist_ok=True)
        (desk / name).write_text(text)
    (desk / "unused.py").write_text("")
    (desk / "pay.py").write_text(PAY.format(evil="import json\nfrom helper import *\nif True:\n    import pack.inner"))
    run = document.load(asks(desk))
    assert [file.name for file in reward_code(run).files] == ["pay.py", *sorted(CHANGES)]
    folder = run_folder.create(trusted(complete(desk / "run.yaml")), desk / "runs")
    for name, text in CHANGES.items():
        assert (folder / "reward_imports" / name).read_text() == text
    consent.agreed(run)
    (desk / changed).write_text("changed = True\n" + CHANGES[changed])
    with pytest.raises(ConsentNeeded, match=changed.replace("/", ".")):
        consent.agreed(run)
    again = run_folder.load(folder)
    consent.agreed(again)  # the copies are as they were
    (folder / "reward_imports" / changed).write_text("changed = True\n")
    with pytest.raises(ConsentNeeded):
        allowed(folder)


def test_what_is_executed_is_the_copy_that_was_agreed_to(desk: Path) -> None:
    (desk / "pay.py").write_text(PAY.format(evil=""))
    asks(desk)
    folder = run_folder.create(trusted(complete(desk / "run.yaml")), desk / "runs")
    (desk / "pay.py").write_text(PAY.format(evil=evil(desk)))
    assert (folder / "reward.py").read_text() == PAY.format(evil="")
    assert "'reward.py:pay'" in (folder / "train.py").read_text().replace('"', "'")
    allowed(folder)


def test_a_reward_that_changes_while_it_is_looked_at_is_never_copied_unseen(desk: Path) -> None:
    good, bad = PAY.format(evil=""), PAY.format(evil=evil(desk))
    asks(desk)
    (desk / "pay.py").write_text(good)
    described = trusted(complete(desk / "run.yaml"))
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for text in (good, bad):
                (desk / "next.py").write_text(text)
                (desk / "next.py").rename(desk / "pay.py")

    other = threading.Thread(target=swap)
    other.start()
    try:
        for number in range(20):
            try:
                folder = run_folder.create(described, desk / "runs" / str(number))
            except ConsentNeeded:
                continue
            assert (folder / "reward.py").read_text() == good
    finally:
        over.set()
        other.join()


def test_words_of_the_command_line_are_consent_and_are_remembered(desk: Path) -> None:
    from tui.commands.consent import consenting

    run = document.load(asks(desk))
    for words in ((), ("model.trust_remote_code=true",), ("objective.trust_reward_code=false",), ("output.name=x",)):
        with pytest.raises(ConsentNeeded):
            consenting(lambda: consent.agreed(run), words, False)
    assert consenting(lambda: consent.agreed(run), ("objective.trust_reward_code=true",), False).reward is not None
    assert consent.agreed(run).reward is not None
    (desk / "pay.py").write_text(PAY.format(evil="pass"))
    with pytest.raises(ConsentNeeded):
        consent.agreed(run)
    assert consenting(lambda: consent.agreed(run), (), True).reward is not None


def test_consent_to_one_place_is_none_to_another(desk: Path) -> None:
    trusted(document.load(asks(desk)))
    (desk / "elsewhere").mkdir()
    shutil.copy(desk / "pay.py", desk / "elsewhere" / "pay.py")
    reward = {"reward": {"function": str(desk / "elsewhere" / "pay.py:pay")}}
    asks(desk, objective=reward)
    assert "elsewhere" in said("run", "run.yaml")


def made(desk: Path, name: str = "runs") -> Path:
    """A run that this user's tunewright made."""
    asks(desk, **plain())
    return run_folder.create(complete(desk / "run.yaml"), desk / name)


def test_ones_own_runs_are_never_asked_for_also_edited_and_moved(desk: Path) -> None:
    folder = made(desk)
    allowed(folder)
    (folder / "train.py").write_text(evil(desk))
    allowed(folder)
    moved = folder.rename(desk / "elsewhere")
    allowed(moved)
    shutil.copytree(made(desk), desk / "copied")
    allowed(desk / "copied")  # its script is ours, wherever it lies


def test_repeating_ones_own_run_with_code_does_not_ask_again(desk: Path) -> None:
    asks(desk)
    first = run_folder.create(trusted(complete(desk / "run.yaml")), desk / "runs")
    second = run_folder.create(complete(first / "run.yaml"), desk / "runs")
    allowed(second)


def stranger(desk: Path) -> Path:
    """A folder as a stranger sends it: a run file, his script, and a mark that says what he likes."""
    folder = desk / "sent"
    shutil.copytree(made(desk), folder)
    (folder / "train.py").write_text(evil(desk))
    return folder


@pytest.mark.parametrize("words", [("run", "sent"), ("tokens", "sent"), ("resume", "sent")], ids=lambda words: words[0])
def test_a_script_beside_a_strangers_run_file_is_not_executed(words: tuple[str, ...], desk: Path) -> None:
    sent = stranger(desk)
    shutil.rmtree(desk / "runs")
    sentence = said(*words)
    assert f"the edited script {sent / 'train.py'} (sha256" in sentence
    nothing_ran(desk)


@pytest.mark.parametrize("mark", ["", "0" * 64, "own"])
def test_a_forged_mark_does_not_make_a_script_ones_own(mark: str, desk: Path) -> None:
    sent = stranger(desk)
    if mark != "own":
        (sent / run_folder.SCRIPT_MARK).write_text(mark)
    with pytest.raises(ConsentNeeded):
        launch(sent)
    assert not (sent / "events.jsonl").exists()


def test_a_run_in_the_place_of_ones_own_is_a_strangers(desk: Path) -> None:
    own = made(desk)
    sent = stranger(desk)
    own.rename(desk / "old")
    shutil.copytree(sent, own)
    with pytest.raises(ConsentNeeded):
        resume(own)


def test_a_script_agreed_to_is_asked_for_again_when_it_changes(desk: Path) -> None:
    sent = stranger(desk)
    with pytest.raises(ConsentNeeded) as caught:
        allowed(sent)
    consent.agree(caught.value.codes)
    allowed(sent)
    (sent / "train.py").write_text(evil(desk) + "\n")
    with pytest.raises(ConsentNeeded):
        allowed(sent)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to another user needs root")
def test_a_strangers_script_is_not_executed_in_his_own_folder_even_with_consent(desk: Path) -> None:
    sent = stranger(desk)
    os.chown(sent, 12345, -1)
    with pytest.raises(Problem, match="copy it to a place of your own"):
        allowed(sent)


def test_a_folder_that_others_can_write_to_is_nobodys_own(desk: Path) -> None:
    folder = made(desk)
    (folder / "train.py").write_text(evil(desk))
    folder.chmod(0o777)
    with pytest.raises(Problem, match="copy it to a place of your own"):
        allowed(folder)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "nothing"])
def test_what_is_no_file_is_no_script(kind: str, desk: Path) -> None:
    script = made(desk) / "train.py"
    text = script.read_text()
    script.unlink()
    if kind == "link":
        (desk / "target.py").write_text(text)
        script.symlink_to(desk / "target.py")
    elif kind == "pipe":
        os.mkfifo(script)
    elif kind == "folder":
        script.mkdir()
    with pytest.raises(Problem, match=r"script (can't be read|is no regular file)"):
        launch(script.parent)


STATES = ("writable", "folder writable", "link", "folder", "pipe", "other owner")


@pytest.mark.parametrize("kind", STATES)
def test_a_record_that_others_could_have_written_is_not_believed(kind: str, desk: Path) -> None:
    run = trusted(document.load(asks(desk)))
    file = user_state.state_file()
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    if kind in ("link", "folder", "pipe"):
        file.rename(desk / "kept")
    if kind == "writable":
        file.chmod(0o666)
    elif kind == "folder writable":
        file.parent.chmod(0o777)
    elif kind == "link":
        file.symlink_to(desk / "kept")
    elif kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif os.geteuid():
        pytest.skip("giving a file to another user needs root")
    else:
        os.chown(file, 12345, -1)
    with pytest.raises(Problem, match=r"trust\.jsonl"):
        consent.agreed(run)


def test_a_torn_record_costs_that_record_only(desk: Path) -> None:
    run = trusted(document.load(asks(desk)))
    with user_state.state_file().open("ab") as file:
        file.write(b'[]\n\xff\xfe\n{"type": "consent"}\n{"type": "cons')
    consent.agreed(run)
    (desk / "pay.py").write_text(PAY.format(evil="pass"))
    consent.agreed(trusted(run))


@pytest.mark.parametrize("home", ["file", "~nobody-of-this-name"])
def test_a_home_that_can_not_be_written_to_holds_consent_until_the_program_ends(
    home: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", home if home.startswith("~") else str(desk / home))
    monkeypatch.setattr(user_state, "_unwritten", [])
    folder = made(desk)
    allowed(folder)


@pytest.mark.parametrize(
    "line",
    [
        "goal: !!python/object/apply:os.system ['touch owned']",
        "goal: !!python/name:os.system",
        "goal: sft\nmodel: !!python/object/new:os.system ['touch owned']",
        "goal: sft\nmodel: {id: !!python/object/apply:subprocess.run [['touch', 'owned']]}",
    ],
)
def test_tags_in_a_run_file_make_no_objects(line: str, desk: Path) -> None:
    (desk / "run.yaml").write_text(f"{line}\ndata: {{train: talks.jsonl}}\n")
    assert said("run", "run.yaml")
    nothing_ran(desk)


def test_a_chain_from_a_strangers_run_asks_for_the_code_in_its_model(desk: Path) -> None:
    sent = desk / "sent"
    shutil.copytree(made(desk), sent)
    facts.model(sent / "output" / "model", facts.QWEN_HALF_B, chat=True)
    with_code(sent / "output" / "model")
    (sent / "events.jsonl").write_text('{"type": "started"}\n{"type": "finished", "status": "completed"}\n')
    values = plain(model={"trust_remote_code": True})
    asks(desk, **values, **{"from": "sent"})
    assert str(sent / "output" / "model") in said("run", "run.yaml")


def test_no_kind_of_code_hides_another(desk: Path) -> None:
    with_code(desk / "base")
    asks(desk, model={"id": "base", "trust_remote_code": True})
    sentence = said("run", "run.yaml", "--set", "model.trust_remote_code=true")
    assert "pay.py" in sentence and "modeling_own.py" in sentence
    nothing_ran(desk)


def test_one_file_of_several_that_asks_holds_all_of_them(desk: Path) -> None:
    asks(desk).rename(desk / "second.yaml")
    asks(desk, **plain())
    assert "pay.py" in said("estimate", "run.yaml", "second.yaml", "--trace")
    nothing_ran(desk)


def test_names_of_code_do_not_steer_the_terminal(desk: Path) -> None:
    name = "pay\x1b]52;c;aGk=\x07.py"
    (desk / name).write_text(PAY.format(evil=""))
    asks(desk, objective={"reward": {"function": f"{name}:pay"}})
    sentence = said("run", "run.yaml")
    from tui.words import literal

    assert "\x1b" in sentence and "\x1b" not in literal(sentence) and "\x07" not in literal(sentence)


@pytest.mark.parametrize("kind", ["pipe", "far too large", "too many"])
def test_what_a_model_folder_holds_does_not_hang_or_fill_the_program(kind: str, desk: Path) -> None:
    with_code(desk / "base")
    if kind == "pipe":
        os.mkfifo(desk / "base" / "pipe.py")
        assert [file.name for file in model_code(sft(desk, desk / "base"))[0].files] == ["modeling_own.py"]
        return
    if kind == "too many":
        for number in range(501):
            (desk / "base" / f"m{number}.py").touch()
    else:
        with (desk / "base" / "large.py").open("wb") as file:
            file.truncate(20 << 20)
    with pytest.raises(Problem, match="too"):
        model_code(sft(desk, desk / "base"))


def test_removing_the_record_takes_all_consent_back(desk: Path) -> None:
    run = trusted(document.load(asks(desk)))
    folder = made(desk)
    (folder / "train.py").write_text(evil(desk))
    user_state.state_file().unlink()
    with pytest.raises(ConsentNeeded):
        consent.agreed(run)
    with pytest.raises(ConsentNeeded):
        allowed(folder)


def test_a_runs_folder_is_its_users_alone(desk: Path) -> None:
    assert made(desk).stat().st_mode & 0o777 == 0o700


def test_an_exported_script_that_runs_code_of_others_says_so_and_runs_nothing(desk: Path) -> None:
    with_code(desk / "base")
    asks(desk, model={"id": "base", "trust_remote_code": True})
    done = CliRunner().invoke(program, ["export", "run.yaml", "-o", "train.py"])
    assert done.exit_code == 0
    assert "code that you have not agreed to" in done.stderr and "pay.py" in done.stderr
    assert "modeling_own.py" in done.stderr
    nothing_ran(desk)


def test_nothing_is_sent_to_a_tracker_that_no_run_names(desk: Path) -> None:
    folder = made(desk)
    text = (folder / "train.py").read_text()
    assert 'report_to="none"' in text
    assert "TRACKING" not in text
