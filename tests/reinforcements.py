"""Small runs that earn a reward, and the rewards that they earn."""

from pathlib import Path
from typing import Any

from tests.tiny import talks, write_rows

PAY = '''"""Vowels pay."""


def pay(prompts, completions, **columns):
    """The share of the answer's letters that are vowels; 1 is the best there is."""
    assert len(prompts) == len(completions) == len(columns["shade"])
    return [sum(map(completion.count, "aeiou")) / max(1, len(completion)) for completion in completions]
'''


def reward_file(folder: Path, text: str = PAY) -> str:
    """Write a reward file, and return it as a run names its function."""
    (folder / "own.py").write_text(text)
    return f"{folder / 'own.py'}:pay"


def described(
    algorithm: str,
    method: str,
    model: Path,
    folder: Path,
    objective: dict[str, Any] | None = None,
    rows: int = 40,
    **training: Any,
) -> dict[str, Any]:
    """A small complete run."""
    prompts = [
        {"prompt": row["prompt"], "shade": row["completion"], "solution": row["completion"]} for row in talks(rows)
    ]
    if "reward" not in (objective or {}):
        objective = {"reward": {"function": reward_file(folder)}, **(objective or {})}
    return {
        "goal": "reinforce",
        "model": {"id": str(model), "dtype": "fp32", "attention": "sdpa"},
        "data": {
            "train": str(write_rows(folder / "prompts.jsonl", prompts)),
            "test_fraction": 0.2,
            "columns": {"prompt": "prompt"},
        },
        "method": {"kind": method, **({"rank": 4, "alpha": 8, "dropout": 0.0} if method != "full" else {})},
        "objective": {
            "algorithm": algorithm,
            "trust_reward_code": True,
            "chat_template": "plain",
            "samples": 2,
            "max_new_tokens": 6,
            "kl_coef": 0.01,
            "iterations": 2,
            **objective,
        },
        "training": {
            "max_steps": 4,
            "batch": 8,
            "learning_rate": 3e-3,
            "schedule": "constant",
            "warmup": 0,
            "max_length": 64,
            "precision": "fp32",
            "threads": 1,
            "evaluate_every": 2,
            "save_every": 2,
            **training,
        },
        "launch": {"device": "cpu"},
        "output": {"name": f"{algorithm}-{method}"},
    }
