"""The base model: where it comes from and how its weights are held."""

BASE_MODEL: str = "sentence-transformers/all-MiniLM-L6-v2"  # a folder or a hub id
REVISION: str = "main"  # branch, tag or commit of a hub model
DTYPE: str = "float32"  # how the weights are stored while training: bfloat16, float16 or float32
ATTENTION: str = "sdpa"  # the attention kernel: flash_attention_2, sdpa or eager
TRUST_REMOTE_CODE: bool = False  # run Python code that comes with the model
