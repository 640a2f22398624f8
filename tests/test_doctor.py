"""What doctor says of a box, line by line, and when it warns that a detached run would be ended."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import doctor, lifetime, machine
from engine.compatible import covers
from engine.disks import Disk
from engine.doctor import Line, examine, kills_detached
from engine.interpreter import LIBRARIES, Interpreter, TorchFacts
from engine.machine import GIB, Machine
from tests import fake_nvml
from tests.fake_nvml import FakeNvml, install

TOKEN = "hf_aVerySecretValueThatNobodyMaySee"
ARCHS_13 = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120")
GOOD_TORCH = TorchFacts("2.13.0", "13.0", ARCHS_13, cuda_available=True)
WHOLE = Interpreter("/env/bin/python", dict.fromkeys(LIBRARIES, "99.0"), "3.12.4")

Ask = Callable[..., dict[str, Line]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    """Let doctor examine an invented box, in a home without a token and on a network."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("HF_DATASETS_OFFLINE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))

    def examined(
        box: str | FakeNvml, python: Interpreter = WHOLE, torch: TorchFacts | None = GOOD_TORCH
    ) -> dict[str, Line]:
        install(monkeypatch, box)
        return by_name(machine.look(tmp_path / "runs"), python, torch)

    return examined


def by_name(seen: Machine, python: Interpreter = WHOLE, torch: TorchFacts | None = GOOD_TORCH) -> dict[str, Line]:
    lines = examine(seen, python, torch)
    assert all(line.advice for line in lines if line.level != "good"), "every fault comes with its fix"
    return {line.name: line for line in lines}


@pytest.mark.parametrize("box", fake_nvml.BOXES)
def test_every_box_gets_a_verdict_and_a_fix(ask: Ask, box: str) -> None:
    lines = ask(box)
    assert {"CPU", "RAM", "Python", "torch and GPU", "disk: runs", "detached runs", "hub token"} <= set(lines)
    assert any(name.startswith("GPU") for name in lines)


def test_a_card_is_told_with_all_that_it_says(ask: Ask) -> None:
    line = ask("A100")["GPU 0"]
    assert line.level == "good"
    for fact in ("A100-SXM4-40GB", "39.6 of 40.0 GiB free", "capability 8.0", "97 % busy", "71 °C", "68 W", "GPU-0"):
        assert fact in line.value
    assert ask("A100")["precision"].value == "bf16, flash attention possible"
    assert ask("T4", torch=None)["precision"].value == "no bf16 → fp16, no flash attention"
    assert "MIG slice" in ask("MIG slice")["GPU 0"].value


def test_a_card_that_others_fill_is_a_warning(ask: Ask) -> None:
    line = ask("RTX 4090")["GPU 0"]
    assert line.level == "warning" and f"pid {os.getpid()}, 8.2 GiB" in line.value


def test_hidden_cards_are_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, "8xH200")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,2")
    assert by_name(machine.look(tmp_path))["GPU"].value == "6 more hidden by CUDA_VISIBLE_DEVICES"


def test_a_driver_mismatch_is_wrong_and_says_reboot(ask: Ask) -> None:
    line = ask("driver mismatch")["GPU"]
    assert line.level == "wrong" and "different versions" in line.value and "reboot" in line.advice


def test_torch_and_driver_fit(ask: Ask) -> None:
    line = ask("8xH200")["torch and GPU"]
    assert (line.level, line.value) == ("good", "torch 2.13.0 for CUDA 13.0, driver for CUDA 13.0")


def test_torch_for_a_later_cuda_than_the_driver_would_train_on_the_cpu(ask: Ask) -> None:
    facts = TorchFacts("2.13.0", "13.0", ARCHS_13, cuda_available=False, problem="The NVIDIA driver is too old")
    line = ask("T4", torch=facts)["torch and GPU"]
    assert line.level == "wrong" and "on the CPU in silence" in line.value
    assert "driver for CUDA 13.0" in line.value and "535.183.01 knows CUDA 12.2 only" in line.value
    assert "580 or later" in line.advice and "+cu126" in line.advice


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("2.13.0", "needs a driver for CUDA 13.0"),
        ("2.13.0+cu130", "needs a driver for CUDA 13.0"),
        ("2.13.0+cpu", "built for the CPU only"),
        ("2.8.0+cu126", ""),
        ("2.8.0", ""),
    ],
)
def test_the_version_alone_gives_it_away_at_once(ask: Ask, version: str, said: str) -> None:
    lines = ask("T4", python=Interpreter("/p", {**WHOLE.versions, "torch": version}, "3.12.4"), torch=None)
    line = lines.get("torch and GPU")
    assert (line is None) if not said else (line is not None and line.level == "wrong" and said in line.value)


def test_minor_versions_of_cuda_fit_each_other_and_the_fault_lies_elsewhere(ask: Ask) -> None:
    facts = TorchFacts("2.8.0", "12.8", ("sm_75",), cuda_available=False, problem="CUDA unknown error")
    line = ask("T4", torch=facts)["torch and GPU"]
    assert line.level == "wrong" and "cannot reach the GPU (CUDA unknown error)" in line.value


def test_a_cpu_build_beside_a_card_is_wrong_and_alone_is_fine(ask: Ask) -> None:
    facts = TorchFacts("2.13.0+cpu", None, (), cuda_available=False)
    assert "built for the CPU only" in ask("A100", torch=facts)["torch and GPU"].value
    assert ask("none", torch=facts)["torch and GPU"] == Line(
        "torch and GPU", "good", "torch 2.13.0+cpu trains on the CPU"
    )


def test_a_torch_that_does_not_start_is_wrong_on_every_box(ask: Ask) -> None:
    facts = TorchFacts("2.8.0", None, (), cuda_available=False, problem="ImportError: libcudart.so")
    for box in ("A100", "none"):
        line = ask(box, torch=facts)["torch and GPU"]
        assert line.level == "wrong" and "does not start: ImportError: libcudart.so" in line.value


def test_a_card_without_kernels_is_found_before_the_run_fails(ask: Ask) -> None:
    old = FakeNvml(fake_nvml.Card("Tesla P100-PCIE-16GB", fake_nvml.uuid(4), 16280, (6, 0)))
    line = ask(old)["torch and GPU"]
    assert line.level == "wrong" and "no code for Tesla P100-PCIE-16GB (capability 6.0)" in line.value
    assert "older CUDA" in line.advice
    new = FakeNvml(fake_nvml.Card("NVIDIA X1", fake_nvml.uuid(4), 16280, (12, 0)))
    facts = TorchFacts("2.6.0", "12.4", ("sm_50", "sm_90"), cuda_available=True)
    assert ask(new, torch=facts)["torch and GPU"].advice == "install a newer torch"


@pytest.mark.parametrize(
    ("archs", "capability", "runs"),
    [
        (("sm_80",), (8, 9), True),
        (("sm_86",), (8, 0), False),
        (("sm_75",), (8, 0), False),
        (("sm_90a",), (9, 0), True),
        (("sm_90a",), (9, 1), False),
        (("sm_100f",), (10, 3), True),
        (("compute_75",), (12, 0), True),
        (("compute_120",), (9, 0), False),
        (("gfx90a", "nonsense"), (9, 0), False),
    ],
)
def test_which_code_runs_on_which_card(archs: tuple[str, ...], capability: tuple[int, int], runs: bool) -> None:
    assert covers(archs, capability) is runs


def test_a_missing_library_says_what_it_is_needed_for(ask: Ask) -> None:
    versions = {name: "99.0" for name in LIBRARIES if name not in ("bitsandbytes", "trl", "torch")}
    lines = ask("T4", python=Interpreter("/env/bin/python", versions, "3.12.4"), torch=None)
    assert lines["bitsandbytes"] == Line(
        "bitsandbytes",
        "warning",
        "not installed: needed for qlora, lora8",
        "/env/bin/python -m pip install bitsandbytes",
    )
    assert lines["trl"].value == "not installed: needed for sft, pretrain, prefer, reward, reinforce, distill, baseline"
    assert lines["torch"].level == "wrong" and "torch and GPU" not in lines


def test_flash_attention_is_weighed_against_the_card(ask: Ask) -> None:
    having = Interpreter("/p", WHOLE.versions, "3.12.4", flash_attn="2.8.1")
    assert ask("A100", python=having)["flash-attn"].value == "2.8.1"
    assert "no card here can use it" in ask("T4", python=having, torch=None)["flash-attn"].value
    assert "not installed" in ask("A100")["flash-attn"].value
    assert "flash-attn" not in ask("T4", torch=None)


def with_disk(free_gib: float, path: Path, ram_gib: float = 32) -> Machine:
    disk = Disk("runs", path, int(free_gib * GIB), 100 * GIB)
    return Machine("h", (), 0, None, None, "cpu", 2, False, 64 * GIB, int(ram_gib * GIB), (disk,), ())


@pytest.mark.parametrize(("free", "level"), [(50, "good"), (5, "warning"), (1, "wrong")])
def test_a_disk_that_fills_up_is_told_in_time(tmp_path: Path, free: float, level: str) -> None:
    line = by_name(with_disk(free, tmp_path / "runs"))["disk: runs"]
    assert line.level == level and f"{free:.1f} GiB free" in line.value
    assert ("--runs" in line.advice) is (level != "good")


def test_a_file_in_the_way_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    line = by_name(with_disk(50, tmp_path / "runs" / "deeper"))["disk: runs"]
    assert line.level == "wrong" and line.value == f"{tmp_path / 'runs'} is no folder that can be written to"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir(mode=0o500)
    assert by_name(with_disk(50, tmp_path / "runs"))["disk: runs"].level == "wrong"


@pytest.mark.parametrize(("free", "level"), [(32, "good"), (4, "warning"), (1, "wrong")])
def test_little_memory_is_told(tmp_path: Path, free: float, level: str) -> None:
    assert by_name(with_disk(50, tmp_path, free))["RAM"].level == level


@pytest.mark.parametrize("place", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "file"])
def test_of_the_token_only_its_presence_is_told(
    ask: Ask, place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = ask("none")
    assert before["hub token"].value == "no" and "hf auth login" in before["hub token"].advice
    file = tmp_path / ("elsewhere" if place == "HF_TOKEN_PATH" else "hf/token")
    file.parent.mkdir(exist_ok=True)
    if place in ("HF_TOKEN_PATH", "file"):
        file.write_text(TOKEN)
    if place != "file":
        monkeypatch.setenv(place, str(file) if place == "HF_TOKEN_PATH" else TOKEN)
    after = ask("none")
    assert after["hub token"] == Line("hub token", "good", "yes")
    assert TOKEN not in str(after)


def test_offline_mode_is_told(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert ask("none")["hub"].level == "good"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    line = ask("none")["hub"]
    assert line.level == "warning" and "HF_HUB_OFFLINE" in line.value


# What ends a detached run: a box is a folder with the files that Linux shows there.
SESSION = "0::/user.slice/user-1000.slice/session-3.scope\n"
SERVICE = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/tmux.scope\n"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Lay out a box; `logind` is what loginctl answers there (None: it does not answer)."""

    def laid_out(cgroup: str, files: dict[str, str] | None = None, logind: str | None = None) -> Path:
        for name, text in {"proc/self/cgroup": cgroup, "proc/1/comm": "systemd\n", **(files or {})}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        tools = tmp_path / "tools"
        tools.mkdir(exist_ok=True)
        (tools / "loginctl").write_text(f"#!/bin/sh\n{'exit 1' if logind is None else f'echo {logind!r}'}\n")
        (tools / "loginctl").chmod(0o755)
        monkeypatch.setenv("PATH", str(tools))
        return tmp_path

    monkeypatch.setattr(lifetime, "_user", lambda: "alice")
    return laid_out


def code(root: Path, **environ: str) -> str | None:
    note = kills_detached(root, environ)
    assert note is None or (note.message and note.advice)
    return note.code if note else None


def test_a_plain_login_is_safe(host: Callable[..., Path]) -> None:
    assert code(host(SESSION, logind="KillUserProcesses=no")) is None
    assert code(host("0::/system.slice/cron.service\n")) is None


def test_logind_that_kills_is_told(host: Callable[..., Path]) -> None:
    note = kills_detached(host(SESSION, logind="KillUserProcesses=yes"), {})
    assert note is not None and note.code == "kill_user_processes" and note.level == "warning"
    assert "loginctl enable-linger" in note.advice and "systemd-run --user --scope" in note.advice
    assert code(host("0::/system.slice/cron.service\n", logind="KillUserProcesses=yes")) is None


def test_the_files_answer_when_logind_does_not(host: Callable[..., Path]) -> None:
    main, drop_in = "etc/systemd/logind.conf", "etc/systemd/logind.conf.d/50-site.conf"
    assert code(host(SESSION, {main: "[Login]\n#KillUserProcesses=yes\n"})) is None
    assert code(host(SESSION, {main: "[Login]\nKillUserProcesses=yes\n"})) == "kill_user_processes"
    assert code(host(SESSION, {drop_in: "[Login]\nKillUserProcesses = no\n"})) is None
    assert code(host(SESSION, {drop_in: "KillUserProcesses=yes\nKillExcludeUsers=root alice\n"})) is None


def test_a_user_manager_without_linger_ends_with_the_last_login(host: Callable[..., Path]) -> None:
    assert code(host(SERVICE)) == "no_linger"
    assert code(host(SERVICE, {"var/lib/systemd/linger/alice": ""})) is None


def test_a_step_of_slurm_ends_what_it_started(host: Callable[..., Path]) -> None:
    step = "0::/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0\n"
    note = kills_detached(host(step), {})
    assert note is not None and note.code == "slurm_step" and "4711" in note.message and "sbatch" in note.advice
    assert code(host("4:memory:/slurm/uid_1000/job_12/step_extern\n")) == "slurm_step"
    assert code(host("0::/\n"), SLURM_JOB_ID="7", SLURM_STEP_ID="0") == "slurm_step"
    assert code(host(SESSION, logind="KillUserProcesses=no"), SLURM_JOB_ID="7") is None


@pytest.mark.parametrize(
    ("marker", "environ"),
    [
        ({".dockerenv": ""}, {}),
        ({"run/.containerenv": ""}, {}),
        ({"proc/1/cgroup": "0::/kubepods.slice/pod1\n"}, {}),
        ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}),
        ({}, {"container": "podman"}),
    ],
)
def test_a_container_ends_with_its_first_process(
    host: Callable[..., Path], marker: dict[str, str], environ: dict[str, str]
) -> None:
    assert code(host("0::/\n", {**marker, "proc/1/comm": "bash\n"}), **environ) == "container_shell"
    assert code(host("0::/\n", {**marker, "proc/1/comm": "sleep\n"}), **environ) == "container"
    assert code(host("0::/\n", {**marker, "proc/1/comm": "systemd\n"}), **environ) is None


def test_a_caretaker_lives_as_long_as_its_child(host: Callable[..., Path]) -> None:
    files = {".dockerenv": "", "proc/1/comm": "tini\n", "proc/1/task/1/children": "7 \n", "proc/7/comm": "bash\n"}
    assert code(host("0::/\n", files)) == "container_shell"


def test_doctor_repeats_what_would_end_a_run(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_STEP_ID", "0")
    line = ask("none")["detached runs"]
    assert line.level == "warning" and "Slurm job 7" in line.value
    monkeypatch.setattr(doctor, "kills_detached", lambda: None)
    assert ask("none")["detached runs"] == Line("detached runs", "good", "go on when the terminal closes")
