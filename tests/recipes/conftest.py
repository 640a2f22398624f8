"""What several tests of recipes share."""

import pytest

from tests.tiny import talks, tiny_llama


@pytest.fixture(scope="session")
def master(tmp_path_factory):
    """A wider model with the student's tokenizer, that has learned the tiny rows."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tiny_llama(tmp_path_factory.mktemp("master"), width=96)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    lines = [f"<s>### User:\n{row['prompt']}\n\n### Assistant:\n{row['completion']}</s>" for row in talks()]
    tokenizer.pad_token = tokenizer.eos_token
    batch = tokenizer(lines, return_tensors="pt", padding=True, add_special_tokens=False)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(40):
        loss = model(**batch, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss < 0.7
    model.save_pretrained(folder)
    return folder
