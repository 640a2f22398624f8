"""How long a run will take: work divided by what the card or the processor really reaches; right within a factor."""

import math

from engine.beside import refers
from engine.cards import card
from engine.config import Run
from engine.data.facts import DataFacts
from engine.goals.baseline import BaselineRun
from engine.goals.distill import DistillRun
from engine.goals.embed import EmbedRun
from engine.goals.prefer import PreferRun
from engine.goals.reinforce import ReinforceRun
from engine.machine import Machine
from engine.place import card_of
from engine.shapes import Shape, attention_weights, mlp_weights
from engine.step import Step
from engine.token_lengths import of_run

REACHED = 0.3
"""Share of a card's data sheet that Hugging Face training reaches at usual sizes."""
WIDTH_FOR_ALL = 2048
"""Models thinner than this leave most of a card idle: the share falls with the width, down to a tenth."""
SLOWER = {4: 1.35, 8: 2.0, 16: 1.0}
"""What taking 4- and 8-bit weights apart costs in every pass."""
UNKNOWN_TFLOPS = 60.0
CORE_GFLOPS = 50.0
"""32-bit arithmetic of one CPU core in matrix products."""
FACTOR = 1.6
"""The truth lies between the middle divided by this and the middle times this, mostly."""
WRITING = 10.0
"""What writing an answer costs against reading it: one token at a time leaves most of a card waiting for its memory."""
START = 25.0
"""Seconds until the first step: libraries, data, loading."""


def seconds(run: Run, step: Step, machine: Machine, data: DataFacts) -> tuple[float, float, float]:
    """Return low, middle and high seconds from the start of the run to its results."""
    rate = _rate(run, step, machine) / SLOWER[step.bits]
    train, evaluation = work(run, step, data)
    middle = START + (train + evaluations(run, data) * evaluation) / rate
    return middle / FACTOR, middle, middle * FACTOR


def work(run: Run, step: Step, data: DataFacts) -> tuple[float, float]:
    """Return the floating-point operations of the whole training, and of one evaluation.

    Forward costs 2 per weight and token, backward another 2 for activations and 2 for trained weights, checkpointing
    a second forward. An evaluation reads the test rows; of an embedding model it encodes every passage.
    """
    per_token = 2 * active_weights(step.shape) + 2 * step.shape.layers * step.shape.query * step.length
    tokens = tokens_per_row(run, step.shape, data)
    rows = train_rows(run, data, step.shape)
    per_step = run.training.batch * run.training.accumulate
    seen = min(learned(run, data) * run.training.epochs, steps(run, data) * per_step)
    looked_at = data.rows if isinstance(run, EmbedRun) else data.rows - rows
    asked = WRITING if isinstance(run, (BaselineRun, ReinforceRun)) and step.cache else 1.0
    return passes(run, step) * per_token * tokens * seen, asked * per_token * tokens * max(1, looked_at)


def passes(run: Run, step: Step) -> float:
    """Return what a trained token costs, in forward passes of this model.

    A backward pass reaches down to the lowest trained block, and costs double where the weights move; the features of
    a frozen model are computed once for all epochs. A reference or a teacher adds its own forward pass, an answer that
    is written word by word `WRITING` of them.
    """
    reached = step.reached / max(1, step.layers)
    if not step.trains:
        return 1 / max(1.0, run.training.epochs)
    own = 1 + reached * ((2 if step.full else 1.1) + (1 if step.checkpointing else 0))
    if isinstance(run, PreferRun) and refers(run):
        return own + (1 if run.objective.reference == "live" else 1 / run.training.epochs)
    if isinstance(run, DistillRun):
        return own + max(1.0, step.beside / (step.parameters * step.storage))
    if isinstance(run, ReinforceRun):
        again = run.objective.iterations
        written = 2 + WRITING  # beside writing, the policy and the reference read each answer once
        return own * again + written if run.objective.algorithm == "ppo" else own + written / again
    return own


def active_weights(shape: Shape) -> int:
    """Return the weights that work on each token: blocks and head, of the experts those that are asked."""
    one = attention_weights(shape) + mlp_weights(shape, active=True)
    head = shape.vocab * shape.hidden if shape.head else 0
    return (shape.layers + shape.decoder_layers) * one + head


def tokens_per_row(run: Run, model: Shape | None, data: DataFacts) -> float:
    """Return the mean tokens of a row, each text cut at the longest that the run reads, with a fifth for padding."""
    limit = run.training.max_length
    if getattr(run.training, "packing", False):
        return float(limit)
    return 1.2 * sum(min(limit, mean) for mean in of_run(run, model, data).means)


def train_rows(run: Run, data: DataFacts, model: Shape | None = None) -> int:
    """Return the rows that are learned from: all, less those held out for the test; packed ones fill whole lengths."""
    rows = max(1, data.rows - round(data.rows * (0.0 if run.data.test else run.data.test_fraction)))
    if getattr(run.training, "packing", False):
        return max(1, int(rows * of_run(run, model, data).whole / run.training.max_length))
    return rows


def learned(run: Run, data: DataFacts) -> int:
    """Return the rows of an epoch as the batches count them: RLOO and GRPO answer every prompt several times."""
    rows = train_rows(run, data)
    if not isinstance(run, ReinforceRun) or run.objective.algorithm == "ppo":
        return rows
    answers = run.generations
    return rows * answers * run.objective.iterations


def steps(run: Run, data: DataFacts) -> int:
    """Return the optimizer steps of the whole run."""
    training = run.training
    per_epoch = math.ceil(math.ceil(learned(run, data) / training.batch) / training.accumulate)
    whole = max(1, math.ceil(per_epoch * training.epochs))
    return min(whole, training.max_steps) if training.max_steps else whole


def evaluations(run: Run, data: DataFacts) -> int:
    """Return how often the run is measured: before, during and after."""
    every = run.training.evaluate_every
    during = math.ceil(run.training.epochs) if every == "epoch" else steps(run, data) // int(every)
    return during + 2


def _rate(run: Run, step: Step, machine: Machine) -> float:
    """Return floating-point operations per second that this run will reach."""
    if not step.gpu:
        return machine.cores * CORE_GFLOPS * 1e9
    own = card_of(run.launch.devices, machine)
    known = card(own.name) if own is not None else None
    peak = (known.tflops if known else UNKNOWN_TFLOPS) * 1e12 / (1 if step.compute == 2 else 4)
    return peak * REACHED * min(1.0, max(0.1, step.shape.hidden / WIDTH_FOR_ALL))
