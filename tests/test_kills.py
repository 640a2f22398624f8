"""Twenty signals at random moments, and each run ends as if nobody had disturbed it; benchmarks/kills.py sends 200."""

import random

import pytest

from tests.kills import broken, kills, unbroken
from tests.training import values

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def whole(llama, tmp_path_factory):
    place = tmp_path_factory.mktemp("whole")
    return unbroken(values("sft", "lora", llama, place, max_steps=6, evaluate_every=2, save_every=2), place)


@pytest.mark.parametrize("seed", range(20))
def test_a_run_that_is_hit_by_a_signal_ends_as_the_unbroken_one(seed, whole, tmp_path):
    plan = kills(random.Random(seed), whole)
    phases, wrong = broken(whole, tmp_path / "run", plan)
    assert not wrong, (plan, phases)
