"""What a single text should not hold: spoiled letters, mark-up, control characters, secrets, personal data."""

import re

from engine.data.checks.finding import Finding
from engine.data.checks.row import CheckedRow
from engine.data.facts import DataProblem

# UTF-8 that was read as Windows-1252: a leading byte as a letter, then continuation bytes as what they are there.
_CONTINUED = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
MOJIBAKE = re.compile(f"[\xc2-\xf4][{_CONTINUED}]+|\ufffd")
HTML = re.compile(
    r"</?(?:p|div|br|span|a|li|ul|ol|table|td|tr|th|b|i|strong|em|h[1-6]|script|style|img|font|body|html)"
    r"(?:\s[^<>]*)?/?>|&(?:nbsp|amp|lt|gt|quot|#\d{2,5});",
    re.IGNORECASE,
)
CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[opsru]_[A-Za-z0-9]{36}|\bgithub_pat_\w{22,}"
    r"|\bsk-(?:[a-z]+-)?[A-Za-z0-9_-]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bhf_[A-Za-z0-9]{30,}|\bAIza[\w-]{35}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
)
_MARKS = ("PRIVATE KEY", "AKIA", "ASIA", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "sk-", "xox")
_OTHERS = ("hf_", "AIza", "eyJ")
MAIL = re.compile(r"\b[\w.+-]+@(?!(?:[\w-]+\.)*example\.)[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b")
DIGITS = re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d.,]*\d)")


def is_garbled(text: str) -> bool:
    """Return whether letters were lost, or UTF-8 was read as Windows-1252; accents that stand rightly are neither."""
    return any("\ufffd" in piece or _restored(piece) for piece in MOJIBAKE.findall(text))


def _restored(piece: str) -> bool:
    raw = b"".join(_byte(letter) for letter in piece)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1", "replace")


def has_secret(text: str) -> bool:
    """Return whether the text holds a private key, or a word that begins and is built like a service's key."""
    return any(mark in text for mark in (*_MARKS, *_OTHERS)) and SECRET.search(text) is not None


def has_card(text: str) -> bool:
    """Return whether the text holds a number that begins like that of a payment card and passes its check digit."""
    return any(_is_card(re.sub(r"\D", "", number)) for number in DIGITS.findall(text))


def _is_card(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return digits[0] in "3456" and len(set(digits)) > 1 and sum(each - 9 * (each > 9) for each in doubled) % 10 == 0


def is_personal(text: str) -> bool:
    """Return whether the text holds an e-mail address or the number of a payment card."""
    return ("@" in text and MAIL.search(text) is not None) or has_card(text)


class Patterns:
    """Counts the rows whose texts hold what they should not; what was found in them is never shown."""

    def __init__(self) -> None:
        self._found = {name: Finding() for name in _TESTS}

    def add(self, row: CheckedRow) -> None:
        """Look at one row."""
        text = row.text
        for name, test in _TESTS.items():
            if test(text):
                self._found[name].add(row.number)

    def problems(self) -> list[DataProblem]:
        """Return what was found."""
        return [
            problem
            for name, (what, advice) in _WORDS.items()
            for problem in self._found[name].problem(name, f"{self._found[name].many} {what}", advice)
        ]


_TESTS = {
    "mojibake": lambda text: not text.isascii() and is_garbled(text),
    "html": lambda text: ("<" in text or "&" in text) and HTML.search(text) is not None,
    "control_character": lambda text: CONTROL.search(text) is not None,
    "secret": has_secret,
    "personal_data": is_personal,
}
_WORDS = {
    "secret": ("with what looks like a key or a password", "a model repeats what it learned; drop them, or mask it"),
    "personal_data": ("with an e-mail address or a card number", "a model repeats what it learned; drop or mask it"),
    "mojibake": ("with garbled letters, such as Ã© for é", "the file was once read in a wrong encoding; mend or drop"),
    "control_character": ("with control characters", "they are learned as tokens; remove them or drop the rows"),
    "html": ("with HTML in the text", "the model will write HTML too; keep it only if that is meant"),
}
"""What is said about each, the gravest first."""
