"""What went wrong, in a person's words: an exception becomes a code, a sentence and what to do."""

import errno
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure with help in it."""

    code: str
    message: str
    advice: str


KNOWN_TYPES = {
    "OutOfMemoryError": ("out_of_memory", "halve training.batch and double training.accumulate, or shorten max_length"),
    "GatedRepoError": ("gated", "accept the model's licence on its hub page, then log in with: hf auth login"),
    "RepositoryNotFoundError": ("not_found", "check model.id; a private model needs a login: hf auth login"),
    "LocalEntryNotFoundError": ("offline", "connect to the hub once, or give a folder as model.id"),
    "OfflineModeIsEnabled": ("offline", "unset HF_HUB_OFFLINE, or give a folder as model.id"),
    "ModuleNotFoundError": ("missing_library", "install the training half: pip install 'tunewright[train]'"),
    "FolderLost": (
        "folder_lost",
        "resume the run where its folder is now; what came after its last checkpoint is lost",
    ),
    "MemoryError": ("out_of_memory", "halve training.batch and double training.accumulate, or take a smaller model"),
}
ADVICE_FULL = "free some space; the last whole checkpoint is kept, then resume the run"
FULL_CARD = (
    "CUDA out of memory",
    "HIP out of memory",
    "CUDA error: out of memory",
    "CUDA driver error: out of memory",
    "cudaErrorMemoryAllocation",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_NOT_INITIALIZED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
    "CUSPARSE_STATUS_ALLOC_FAILED",
)
"""How the libraries of a card say that it is full; cuBLAS can't be initialized where there is no room for its
workspace."""
KNOWN_WORDS = (
    ("No space left on device", "disk_full", ADVICE_FULL),
    ("Disk quota exceeded", "disk_full", ADVICE_FULL),
    ("code: 28", "disk_full", ADVICE_FULL),
    *((words, "out_of_memory", KNOWN_TYPES["OutOfMemoryError"][1]) for words in FULL_CARD),
    (
        "nothing would be learned",
        "nothing_learned",
        "tunewright tokens shows what of each row is trained on; the run was stopped before its first step",
    ),
    (
        "tokenizer.chat_template is not set",
        "template",
        "this model has none of its own: set objective.chat_template to plain",
    ),
    (
        "the chat template did not end",
        "template",
        "it came with the model and may never end: set objective.chat_template to plain, or take another model",
    ),
    ("you tried to allocate", "out_of_memory", KNOWN_TYPES["MemoryError"][1]),
    ("torch sees none", "no_gpu", "run tunewright doctor to see why"),
    ("couldn't connect to", "offline", "connect to the hub once, or give a folder as model.id"),
    (
        "no checkpoint is whole",
        "checkpoints_damaged",
        "resume once more to train from the beginning; the damaged ones are kept in output/ as damaged-checkpoint-N",
    ),
    ("best checkpoint", "best_not_loaded", "the checkpoints are kept in output/; resume the run to evaluate again"),
)


def explain(error: BaseException) -> Failure:
    """Return the failure behind an exception; the cause of a cause counts as well."""
    seen: BaseException | None = error
    while seen is not None:
        failure = _known(seen)
        if failure:
            return failure
        seen = seen.__cause__ or seen.__context__
    return Failure("error", _sentence(error), "the end of log.txt says more; correct the cause and resume the run")


def _known(error: BaseException) -> Failure | None:
    message = _sentence(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure("disk_full", message, ADVICE_FULL)
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return Failure("not_allowed", message, "make it readable and writable for you, then resume the run")
    for words, code, advice in KNOWN_WORDS:
        if words in str(error):
            return Failure(code, message, advice)
    for kind in type(error).__mro__:
        if kind.__name__ in KNOWN_TYPES:
            code, advice = KNOWN_TYPES[kind.__name__]
            return Failure(code, message, advice)
    return None


def _sentence(error: BaseException) -> str:
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
