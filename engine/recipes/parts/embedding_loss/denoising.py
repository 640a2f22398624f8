"""A decoder rebuilds each text from the embedding of a damaged one (Wang et al. 2021, TSDAE, arXiv:2104.06979)."""

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import DenoisingAutoEncoderLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers
from transformers import PreTrainedModel

from engine.recipes.parts.reading import PRECISION


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: at random."""
    return BatchSamplers.BATCH_SAMPLER


def share_weights(encoder: PreTrainedModel, decoder: PreTrainedModel) -> None:
    """Let the decoder use the encoder's own weights where it has the same ones: frozen stays frozen, adapters stay out.

    The library ties the other way round, which no encoder with adapters survives.
    """
    own = {name.replace(".base_layer.", "."): weight for name, weight in encoder.named_parameters()}
    body = decoder.base_model
    for name in [name for name, _ in body.named_parameters() if name in own]:
        holder, _, attribute = name.rpartition(".")
        setattr(body.get_submodule(holder), attribute, own[name])
    decoder.tie_weights()


def make_loss(encoder: SentenceTransformer, train: Dataset) -> DenoisingAutoEncoderLoss:
    """Return the loss per token of the rebuilt text; cross-attention and head of the decoder are new and train too."""
    model = encoder.transformers_model
    base = model.config._name_or_path
    loss = DenoisingAutoEncoderLoss(encoder, decoder_name_or_path=base, tie_encoder_decoder=False)
    loss.decoder.to(device=encoder.device, dtype=encoder.dtype if PRECISION == "float32" else torch.float32)
    share_weights(model, loss.decoder)
    return loss
