"""Find the right passage: an embedding model that works in several sizes, measured before and after."""

import time
from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss, MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers
from transformers import TrainerCallback

from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.begin import begin
from engine.recipes.parts.checkpoints import check_best_loaded, measured_best, newest_checkpoint
from engine.recipes.parts.encoder import DOCUMENT_PROMPT, QUERY_PROMPT, load_encoder
from engine.recipes.parts.encoder_adapter.lora import adapt_encoder, saved_weights
from engine.recipes.parts.output import output
from engine.recipes.parts.phases import phase
from engine.recipes.parts.results import compare, facts, measured_once, report
from engine.recipes.parts.retrieval import MATRYOSHKA, Retrieval
from engine.recipes.parts.rows import read_rows

BEST_DIMENSION: int = 384  # the embedding size whose nDCG@10 picks the best checkpoint
SCALE: float = 20.0  # factor on the cosine similarities before the softmax (1 / temperature)


def make_trainer(
    encoder: SentenceTransformer, rows: tuple[Dataset, Dataset], callbacks: Sequence[TrainerCallback]
) -> SentenceTransformerTrainer:
    """Return the trainer: in-batch negatives without doubled texts, at every embedding size at once."""
    ranking = MultipleNegativesRankingLoss(encoder, scale=SCALE)
    return SentenceTransformerTrainer(
        model=encoder,
        args=SentenceTransformerTrainingArguments(
            **arguments(),
            batch_sampler=BatchSamplers.NO_DUPLICATES,
            prompts={"anchor": QUERY_PROMPT, "positive": DOCUMENT_PROMPT},
            metric_for_best_model=f"eval_dim_{BEST_DIMENSION}_cosine_ndcg@10",
            greater_is_better=True,
        ),
        train_dataset=rows[0],
        eval_dataset=rows[1],
        loss=MatryoshkaLoss(encoder, ranking, matryoshka_dims=list(MATRYOSHKA)),
        evaluator=Retrieval(*rows),
        callbacks=list(callbacks),
    )


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    started = time.time()
    begin()
    phase("data", callbacks)
    rows = read_rows()
    phase("model", callbacks)
    encoder = load_encoder()
    adapt_encoder(encoder)
    trainer = make_trainer(encoder, rows, callbacks)
    phase("baseline", callbacks)
    before = measured_once("baseline.json", trainer.evaluate)
    phase("training", callbacks)
    trainer.train(resume_from_checkpoint=newest_checkpoint())
    check_best_loaded(trainer.state.best_model_checkpoint, saved_weights(encoder))
    after = measured_best(trainer)
    phase("saving", callbacks)
    encoder.save_pretrained(str(output() / "model"))
    return report(
        {
            "goal": "embed",
            "metrics": compare(before, after, {f"eval_dim_{size}_cosine_ndcg@10": True for size in MATRYOSHKA}),
            "samples": [],
            "train_rows": len(rows[0]),
            "test_rows": len(rows[1]),
            **facts(trainer, encoder, started),
        }
    )


if __name__ == "__main__":
    main()
