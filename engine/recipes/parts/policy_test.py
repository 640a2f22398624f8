"""What a policy earns on held-out prompts, and how far it has strayed."""

from collections.abc import Callable, Sequence

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from engine.recipes.parts.begin import SEED
from engine.recipes.parts.divergence import divergence
from engine.recipes.parts.questions import Question
from engine.recipes.parts.reading import BATCH
from engine.recipes.parts.rollout import draw, read_back, spoken


@torch.no_grad()
def earned(
    model: PreTrainedModel,
    reference: Callable[[dict[str, torch.Tensor]], torch.Tensor] | None,
    tokenizer: PreTrainedTokenizerBase,
    asked: Sequence[Question],
    reward: Callable[[Sequence[Question], Sequence[str]], list[float]],
    tell: Callable[[], object],
) -> dict[str, float]:
    """Return mean reward, length and divergence of one drawn answer to each prompt; `tell()` follows every batch.

    The answers are drawn, since that is what the policy is trained for, with random numbers of their own: an
    evaluation more or less changes nothing in the training.
    """
    was_training, paid, lengths, strayed = model.training, 0.0, 0.0, 0.0
    model.eval()
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        for start in range(0, len(asked), BATCH):
            batch = asked[start : start + BATCH]
            answers = draw(model, tokenizer, [one.tokens for one in batch])
            tokens = answers["answered"].sum().item()
            paid += sum(reward(batch, spoken(answers, tokenizer)))
            lengths += tokens
            if reference is not None:
                now = read_back(model, answers)[0]
                strayed += divergence(now, reference(answers), answers["answered"]).item() * tokens
            tell()
    model.train(was_training)
    known = {"eval_reward": paid / len(asked), "eval_length": lengths / len(asked)}
    return known if reference is None else {**known, "eval_kl": strayed / lengths}
