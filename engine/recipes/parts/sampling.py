"""The model's own answers before it is trained, written once and kept in the output folder."""

import gc

import torch
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from engine.recipes.parts.conversation import render
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.reading import BATCH, MAX_LENGTH
from engine.recipes.parts.results import measured_once

TEMPERATURE: float = 0.0  # how freely the model's own answers are drawn; 0: always the likeliest word
ANSWER_TOKENS: int = 128  # longest of the model's own answers, in tokens


def written(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], tries: int
) -> list[list[str]]:
    """Return `tries` answers of the model to each tokenised prompt."""
    model.eval()
    chance = {"temperature": TEMPERATURE, "top_k": 0, "top_p": 1.0} if TEMPERATURE else {}
    found: list[list[str]] = []
    for start in tqdm(range(0, len(prompts), BATCH), desc="answering", unit="batch"):
        asked = {"input_ids": prompts[start : start + BATCH]}
        batch = tokenizer.pad(asked, padding_side="left", return_tensors="pt").to(model.device)
        with torch.no_grad():
            whole = model.generate(
                **batch,
                max_new_tokens=ANSWER_TOKENS,
                do_sample=TEMPERATURE > 0,
                num_return_sequences=tries,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
                **chance,
            )
        texts = tokenizer.batch_decode(whole[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
        found += [[text.strip() for text in texts[at : at + tries]] for at in range(0, len(texts), tries)]
    return found


def own_answers(asked: list[list[dict[str, str]]], tries: int, tokenizer: PreTrainedTokenizerBase) -> list[list[str]]:
    """Return `tries` answers of the base model to each conversation; the model is loaded for them and let go."""

    def write() -> list[list[str]]:
        prompts = [render(turns, None, tokenizer, ask=True)[-MAX_LENGTH:] for turns in asked]
        model = load_model()
        if torch.cuda.is_available() and model.device.type == "cpu":
            model.to("cuda")
        answers = written(model, tokenizer, prompts, tries)
        del model
        gc.collect()
        torch.cuda.empty_cache()
        return answers

    answers: list[list[str]] = measured_once("own_answers.json", write)
    return answers
