"""Code of others that a run would execute: a reward file, a model's own Python files, a script edited by hand."""

import hashlib
from dataclasses import dataclass
from typing import Literal

Kind = Literal["reward", "model", "script"]
KINDS: tuple[Kind, ...] = ("reward", "model", "script")
NAMES = {"reward": "the reward", "model": "the Python code of the model", "script": "the edited script"}


@dataclass(frozen=True, slots=True)
class CodeFile:
    """One Python file as it was read: its name below the folder of the code, and its bytes."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def text(self) -> str:
        """The file as text."""
        return self.content.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Code:
    """Code that is executed together: where it lies, and every file of it.

    `path` is a file, a folder, or a hub id with its revision; a model that is not downloaded yet has no files.
    """

    kind: Kind
    path: str
    files: tuple[CodeFile, ...]

    @property
    def sha256(self) -> str:
        """The SHA-256 of the one file, or of the list of several as `sha256sum` prints it."""
        if len(self.files) == 1:
            return self.files[0].sha256
        listed = "".join(f"{file.sha256}  {file.name}\n" for file in sorted(self.files, key=lambda file: file.name))
        return hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def described(self) -> str:
        """What would run, in a few words with path and hash."""
        if not self.files:
            return f"{NAMES[self.kind]} {self.path}, which is not downloaded yet"
        more = [file.name for file in self.files if not self.path.endswith(file.name)]
        shown = f", with {', '.join(more[:5])}{' ...' if len(more) > 5 else ''}" if more else ""
        return f"{NAMES[self.kind]} {self.path} (sha256 {self.sha256}{shown})"
