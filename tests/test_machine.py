"""What the program sees of a box: cards, who may use them, what a container leaves of memory and cores."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import cards, disks, gpu, limits, machine
from engine.machine import GIB, Gpu, Machine
from engine.problem import Problem
from tests import fake_nvml
from tests.fake_nvml import FakeNvml, install, uuid

Play = Callable[..., Machine]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Play:
    """Look at an invented box, under the environment given as keyword arguments."""

    def play(box: str | FakeNvml, **environment: str) -> Machine:
        install(monkeypatch, box)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return machine.look(tmp_path / "runs")

    return play


def codes(seen: Machine) -> list[str]:
    return [note.code for note in seen.notes]


def indices(seen: Machine) -> list[int]:
    return [card.index for card in seen.gpus]


@pytest.mark.parametrize("box", fake_nvml.BOXES)
def test_every_box_is_described_and_the_library_left_clean(box: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install(monkeypatch, box)
    seen = machine.look(Path("runs"))
    assert machine.describe(seen)
    assert fake.started == fake.stopped == (0 if fake.refuses else 1)
    assert seen.gpus or seen.notes, "a box without a usable card says why"
    assert all(note.advice for note in seen.notes)


def test_a_t4_is_read_whole(look: Play) -> None:
    seen = look("T4")
    card = seen.gpu
    assert card is not None
    assert (card.name, card.uuid, card.memory_total, card.capability) == ("Tesla T4", uuid(1), 15360 * 2**20, (7, 5))
    assert (card.utilization, card.temperature, card.power, card.mig) == (97, 71, 68.4, False)
    assert (card.bf16, card.flash) == (False, False)
    assert (seen.driver, seen.cuda) == ("535.183.01", "12.2")
    assert machine.describe(seen).endswith("· NVIDIA T4 15 GiB · no bf16 → fp16 · 14.6 GiB free")


def test_who_uses_a_card_is_named_once(look: Play) -> None:
    card = look("RTX 4090").gpu
    assert card is not None and card.bf16 and card.flash
    assert [(user.pid, user.memory) for user in card.users] == [(os.getpid(), 8400 * 2**20), (2**22 + 1, 180 * 2**20)]
    assert card.users[0].name.startswith("py") or card.users[0].name == "outside this container"
    assert card.users[1].name in ("unknown", "outside this container")


def test_the_freest_of_eight_is_taken(look: Play) -> None:
    seen = look("8xH200")
    assert seen.gpu is not None and seen.gpu.index == 5
    assert "8 × NVIDIA H200 140 GiB · bf16 · 139.9 GiB free" in machine.describe(seen)


def test_slices_stand_for_their_card(look: Play) -> None:
    seen = look("MIG slice")
    assert [(card.uuid, card.mig, card.index) for card in seen.gpus] == [
        (uuid(0x10, "MIG"), True, 0),
        (uuid(0x11, "MIG"), True, 0),
    ]
    assert all(card.capability == (8, 0) and card.utilization is None and card.temperature == 71 for card in seen.gpus)
    assert seen.gpu is not None and seen.gpu.memory_total == 20096 * 2**20
    assert codes(look("MIG empty")) == ["mig_empty"]


def test_a_field_that_is_not_supported_is_unknown(look: Play) -> None:
    seen = look("no memory query")
    assert seen.gpu is not None
    assert (seen.gpu.memory_total, seen.gpu.memory_free, seen.gpu.power) == (None, None, None)
    assert codes(seen) == ["memory_unknown"] and "memory unknown" in machine.describe(seen)
    bare = look("nothing supported").gpu
    assert bare is not None and (bare.name, bare.uuid, bare.capability, bare.bf16) == ("NVIDIA GPU", "0", None, False)


def test_a_card_that_vanishes_leaves_the_others(look: Play) -> None:
    seen = look("vanishing")
    assert indices(seen) == [0] and codes(seen) == ["card_lost"]
    assert "Card 1" in seen.notes[0].message
    assert codes(look("lost")) == ["card_lost"]


@pytest.mark.parametrize(
    ("box", "code", "level"),
    [
        ("driver mismatch", "driver_mismatch", "wrong"),
        ("driver not loaded", "driver_not_loaded", "wrong"),
        ("no permission", "no_permission", "wrong"),
        ("broken", "nvml_failed", "wrong"),
        ("no cards", "no_gpu", "warning"),
    ],
)
def test_a_library_that_will_not_start_says_why(look: Play, box: str, code: str, level: str) -> None:
    seen = look(box)
    assert [(note.code, note.level) for note in seen.notes] == [(code, level)]
    assert "· no GPU ·" in machine.describe(seen)


def test_a_card_without_a_driver_is_seen_on_the_bus(tmp_path: Path) -> None:
    for name, vendor, kind in (("net", "0x10de", "0x020000"), ("intel", "0x8086", "0x030000")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vendor").write_text(f"{vendor}\n")
        (tmp_path / name / "class").write_text(f"{kind}\n")
    assert not gpu._on_the_bus(tmp_path)
    (tmp_path / "intel" / "vendor").write_text("0x10de\n")
    assert gpu._on_the_bus(tmp_path)
    assert not gpu._on_the_bus(tmp_path / "absent")


# CUDA_VISIBLE_DEVICES, on eight like cards with UUIDs GPU-00000008… to GPU-0000000f…
VISIBLE: list[tuple[str, list[int], list[str]]] = [
    ("", [], ["all_hidden"]),
    ("-1", [], ["all_hidden"]),
    ("NoDevFiles", [], ["all_hidden"]),
    ("3", [3], []),
    ("6, 2", [6, 2], []),
    ("2,99,3", [2], ["visible_cut"]),
    ("2,x,3", [2], ["visible_cut"]),
    ("2,-1,3", [2], ["visible_cut"]),
    ("x", [], ["visible_cut"]),
    ("1,1", [], ["visible_repeated"]),
    ("1gpu,2ampere", [1, 2], []),
    (uuid(10), [2], []),
    ("GPU-0000000f,GPU-00000008", [7, 0], []),
    ("GPU-0000000", [], ["visible_cut"]),
    ("GPU-0000000f,3", [7], ["visible_cut"]),
    (f"GPU-00000009,{uuid(9)}", [], ["visible_repeated"]),
    ("MIG-0000000f", [], ["visible_cut"]),
]


@pytest.mark.parametrize(("value", "expected", "said"), VISIBLE)
def test_only_allowed_cards_are_shown(look: Play, value: str, expected: list[int], said: list[str]) -> None:
    seen = look("8xH200", CUDA_VISIBLE_DEVICES=value)
    assert (indices(seen), codes(seen), seen.hidden_gpus) == (expected, said, 8 - len(expected))
    if not expected:
        assert "no GPU allowed" in machine.describe(seen)


def test_slices_are_allowed_by_uuid_or_with_their_card(look: Play) -> None:
    assert [card.uuid for card in look("MIG slice", CUDA_VISIBLE_DEVICES="MIG-00000011").gpus] == [uuid(0x11, "MIG")]
    assert len(look("MIG slice", CUDA_VISIBLE_DEVICES="0").gpus) == 2


def test_slices_and_whole_cards_are_not_allowed_together(look: Play) -> None:
    mixed = FakeNvml(fake_nvml.a100(slices=fake_nvml.mig_slices()), fake_nvml.t4())
    seen = look(mixed, CUDA_VISIBLE_DEVICES=f"MIG-00000010,{uuid(1)}")
    assert [card.mig for card in seen.gpus] == [True] and codes(seen) == ["visible_cut"]
    assert len(look(mixed).gpus) == 3


def test_numbers_mean_cudas_order_unless_the_slots_count(look: Play) -> None:
    first = look("unlike cards", CUDA_VISIBLE_DEVICES="0")
    assert [card.name for card in first.gpus] == ["NVIDIA GeForce RTX 4090"] and codes(first) == ["card_order"]
    assert "RTX 4090" in first.notes[0].message and "PCI_BUS_ID" in first.notes[0].advice
    slots = look("unlike cards", CUDA_VISIBLE_DEVICES="0", CUDA_DEVICE_ORDER="PCI_BUS_ID")
    assert [card.name for card in slots.gpus] == ["Tesla T4"] and codes(slots) == []


def test_uuids_and_no_choice_need_no_order(look: Play) -> None:
    assert codes(look("unlike cards", CUDA_VISIBLE_DEVICES=uuid(3))) == []
    everything = look("unlike cards")
    assert indices(everything) == [0, 1, 2] and codes(everything) == []


def test_a_card_is_found_by_index_and_uuid(look: Play) -> None:
    seen = look("8xH200", CUDA_VISIBLE_DEVICES="6,2")
    for device, index in (("6", 6), (uuid(10), 2), ("GPU-0000000e", 6)):
        found = seen.find(device)
        assert found is not None and found.index == index
    assert [seen.find(device) for device in ("0", "GPU-", "", uuid(9))] == [None] * 4


def test_another_card_can_be_imagined(look: Play) -> None:
    base = look("RTX 4090", CUDA_VISIBLE_DEVICES="")
    seen = machine.imagine(base, "t4", None)
    assert seen.imagined and seen.notes == () and seen.hidden_gpus == 0
    assert seen.gpu is not None and (seen.gpu.capability, seen.gpu.bf16) == ((7, 5), False)
    assert machine.describe(seen) == "what if · NVIDIA T4 15 GiB · no bf16 → fp16 · 14.6 GiB free"
    assert machine.imagine(base, None, None) is base


def test_a_size_alone_keeps_the_card_or_takes_a_modern_one(look: Play) -> None:
    own = machine.imagine(look("T4"), None, 24).gpu
    assert own is not None and (own.memory_free, own.memory_total, own.bf16) == (24 * GIB, 24 * GIB, False)
    assert (
        machine.describe(machine.imagine(look("none"), None, 24))
        == "what if · NVIDIA GPU 24 GiB · bf16 · 24.0 GiB free"
    )
    both = machine.imagine(look("none"), "A100", 20.5).gpu
    assert both is not None and (both.memory_free, both.capability) == (int(20.5 * GIB), (8, 0))


@pytest.mark.parametrize("size", [0, -1, float("nan"), float("inf")])
def test_an_impossible_size_is_refused(look: Play, size: float) -> None:
    with pytest.raises(Problem, match="no size of a card"):
        machine.imagine(look("none"), None, size)


@pytest.mark.parametrize(("wrong", "right"), [("RTX 4900", "did you mean 'RTX 4090'"), ("", "T4"), ("T5", "A100 80GB")])
def test_an_unknown_card_names_the_nearest(look: Play, wrong: str, right: str) -> None:
    with pytest.raises(Problem) as caught:
        machine.imagine(look("none"), wrong, None)
    assert right in caught.value.sentence and "--vram" in caught.value.sentence


@pytest.mark.parametrize(
    ("driver_says", "known_as"),
    [
        ("Tesla T4", "T4"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA L40", "L40"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA A10", "A10"),
        ("NVIDIA A10G", "A10G"),
        ("NVIDIA A100-SXM4-40GB", "A100 40GB"),
        ("NVIDIA A100-SXM4-80GB", "A100 80GB"),
        ("NVIDIA A100 80GB PCIe", "A100 80GB"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA H200", "H200"),
        ("NVIDIA GH200 480GB", "GH200"),
        ("NVIDIA B200", "B200"),
        ("Tesla V100-SXM2-16GB", "V100 16GB"),
        ("Tesla V100-SXM2-32GB", "V100 32GB"),
        ("Tesla P100-PCIE-16GB", "P100"),
        ("NVIDIA RTX A6000", "RTX A6000"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada"),
        ("Quadro RTX 6000", "Quadro RTX 6000"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX PRO 6000"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "RTX 4090 Laptop"),
        ("NVIDIA GeForce RTX 3080 Laptop GPU", None),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", "RTX 4070 Ti SUPER"),
        ("NVIDIA GeForce RTX 3060", "RTX 3060"),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", None),
        ("NVIDIA GB10", None),
        ("rtx4090", "RTX 4090"),
        ("A100-80GB", "A100 80GB"),
    ],
)
def test_cards_are_known_by_the_drivers_name(driver_says: str, known_as: str | None) -> None:
    found = cards.card(driver_says)
    assert (found.name if found else None) == known_as


def test_the_table_is_whole_and_every_name_leads_to_its_own_row() -> None:
    table = cards.cards()
    assert len(table) >= 60 and len({row.name for row in table}) == len(table)
    assert [row.name for row in table if cards.card(row.name) != row] == []
    for row in table:
        assert 4 <= row.memory_gib <= 300 and (6, 0) <= row.capability <= (13, 0), row
        assert 100 <= row.bandwidth <= 10_000 and 5 <= row.tflops <= 3_000, row


def test_the_table_agrees_with_what_drivers_report() -> None:
    for card in (fake_nvml.t4(), fake_nvml.rtx_4090(), fake_nvml.a100(), fake_nvml.h200(1)):
        known = cards.card(card.name)
        assert known is not None and known.capability == card.capability
        assert abs(known.memory_gib - card.total / 1024) < 0.05


def box(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_container_of_cgroup_2_limits_memory_and_cores(tmp_path: Path) -> None:
    root = box(
        tmp_path,
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": "1073741824\n",
            "sys/fs/cgroup/memory.current": "700000000\n",
            "sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 200000000\n",
            "sys/fs/cgroup/cpu.max": "150000 100000\n",
        },
    )
    assert limits.memory(root) == limits.Memory(GIB, GIB - 500_000_000)
    assert limits.processor(root).cores == 1


def test_the_tightest_of_nested_groups_counts(tmp_path: Path) -> None:
    outer, inner = "sys/fs/cgroup/slurm", "sys/fs/cgroup/slurm/job_7/step_0"
    root = box(
        tmp_path,
        {
            "proc/self/cgroup": "0::/slurm/job_7/step_0\n",
            f"{outer}/memory.max": "2000000000",
            f"{outer}/memory.current": "1900000000",
            f"{inner}/memory.max": "1500000000",
            f"{inner}/memory.current": "100000000",
        },
    )
    assert limits.memory(root) == limits.Memory(1_500_000_000, 100_000_000)


def test_a_container_of_cgroup_1_limits_them_too(tmp_path: Path) -> None:
    root = box(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000000000",
            "sys/fs/cgroup/memory/memory.stat": "inactive_file 5\ntotal_inactive_file 400000000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
    )
    assert limits.memory(root) == limits.Memory(GIB, GIB - 600_000_000)
    assert limits.processor(root).cores == 1


def test_no_limit_and_no_cgroup_leave_the_machine_as_it_is(tmp_path: Path) -> None:
    unlimited = {
        "proc/self/cgroup": "4:memory:/\n0::/\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "1",
        "sys/fs/cgroup/memory.max": "max",
        "sys/fs/cgroup/cpu.max": "max 100000",
    }
    whole = limits.memory(tmp_path / "absent")
    assert limits.memory(box(tmp_path, unlimited)).total == whole.total > 0
    assert limits.processor(tmp_path).cores == limits.processor(tmp_path / "absent").cores >= 1


@pytest.mark.parametrize(
    ("flags", "bf16"),
    [("flags\t\t: fpu sse avx512_bf16", True), ("Features\t: asimd bf16", True), ("flags : avx2", False)],
)
def test_bf16_of_the_cpu_is_read_from_its_flags(tmp_path: Path, flags: str, bf16: bool) -> None:
    text = f"processor\t: 0\nmodel name\t: EPYC\n{flags}\n\nprocessor\t: 1\nflags : avx512_bf16\n"
    seen = limits.processor(box(tmp_path, {"proc/cpuinfo": text}))
    assert (seen.name, seen.bf16) == ("EPYC", bf16)


def test_disks_follow_the_environment_and_need_not_exist_yet(tmp_path: Path) -> None:
    environ = {"HF_HOME": str(tmp_path / "hf"), "HF_DATASETS_CACHE": str(tmp_path / "sets"), "TMPDIR": str(tmp_path)}
    seen = {disk.purpose: disk for disk in disks.disks(tmp_path / "not" / "yet", environ)}
    assert list(seen) == ["runs", "model cache", "data cache", "temporary"]
    assert seen["runs"].path == tmp_path / "not" / "yet"
    assert seen["model cache"].path == tmp_path / "hf" / "hub"
    assert seen["data cache"].path == tmp_path / "sets"
    assert seen["temporary"].path == tmp_path
    assert all(0 < disk.free <= disk.total for disk in seen.values())


@pytest.mark.parametrize(
    ("environ", "cache"),
    [
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HUGGINGFACE_HUB_CACHE": "/c"}, "/c"),
        ({"XDG_CACHE_HOME": "/d"}, "/d/huggingface/hub"),
        ({"HF_HOME": "~/e"}, str(Path.home() / "e/hub")),
        ({}, str(Path.home() / ".cache/huggingface/hub")),
    ],
)
def test_the_model_cache_is_where_the_library_puts_it(environ: dict[str, str], cache: str) -> None:
    assert disks.model_cache(environ) == Path(cache)


def test_looking_takes_no_time_without_a_gpu(look: Play, tmp_path: Path) -> None:
    look("none")
    best = min(_seconds(lambda: machine.look(tmp_path)) for _ in range(5))
    assert best < 0.03


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_looking_loads_nothing_heavy() -> None:
    """No YAML, no torch, no screen; and without NVIDIA's library not even pynvml."""
    code = (
        "import sys; from pathlib import Path; from engine import gpu, machine; machine.look(Path('runs'))\n"
        "heavy = ('torch', 'textual', 'rich', 'ruamel', 'pydantic', 'huggingface_hub', 'asyncio', 'tui')\n"
        "print([name for name in heavy if name in sys.modules], gpu._installed() or 'pynvml' not in sys.modules)"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[] True"


def test_unknown_memory_never_beats_a_known_one() -> None:
    base = machine.Machine("h", (), 0, None, None, "", 1, False, GIB, GIB, (), ())
    seen = machine.Machine("h", (Gpu(0, "a", "A"), Gpu(1, "b", "B", 8, 4)), 0, None, None, "", 1, False, 1, 1, (), ())
    assert base.gpu is None and seen.gpu is not None and seen.gpu.index == 1
    assert machine.describe(base) == "h · no GPU · 1 core · 1 GiB"
