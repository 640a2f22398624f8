"""A few fixed prompts, answered the same way before and after."""

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

SAMPLES: int = 3  # how many test prompts are answered before and after the training
MAX_NEW_TOKENS: int = 64  # longest sample answer, in tokens


def answers(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, asked: list[list[int]]) -> list[str]:
    """Return the model's likeliest answer to each tokenised prompt; nothing is drawn at random."""
    model.eval()
    spoken = []
    for tokens in asked:
        prompt = torch.tensor([tokens], device=model.device)
        with torch.no_grad():
            whole = model.generate(
                input_ids=prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=MAX_NEW_TOKENS,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
            )
        new = whole[0] if model.config.is_encoder_decoder else whole[0, prompt.shape[1] :]
        spoken.append(tokenizer.decode(new, skip_special_tokens=True).strip())
    return spoken
