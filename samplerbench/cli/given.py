"""Which option of the command a refusal is about, where its text names the value alone."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from samplerbench.user_files import split_file

FLAG = re.compile(r"(?<![\w-])--[a-z]")
LEAST = 2  # letters of a value that is looked for without its quotes: one is in many a text


def name_option(text: str, arguments: Sequence[str]) -> str:
    """``text`` with a last line that says which option has the value that it refuses.

    The text stays as it is where it names an option of ``arguments``, or the value of none.
    """
    wrong = text.partition("\n")[0]
    options = list(_pair(arguments))
    if FLAG.search(wrong) or any(_names_option(wrong, flag) for flag, _ in options):
        return text
    about = [f"{flag} {shlex.quote(value)}" for flag, value in options if _has_value(wrong, value)]
    return f"{text}\n  given: {', '.join(dict.fromkeys(about))}" if about else text


def _pair(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each option of ``arguments`` with each of its values."""
    flag = ""
    for word in arguments:
        if word == "--":
            return
        if re.match(r"--?[a-z]", word):
            flag, is_whole, value = word.partition("=")
            if is_whole:
                yield flag, value
        elif flag:
            yield flag, word


def _names_option(text: str, flag: str) -> bool:
    """Whether ``text`` calls an option by its name; "with" is a word of any sentence."""
    name = flag.lstrip("-")
    if len(name) == 1 or name == "with":
        return False
    return re.search(rf"\b{name.replace('-', '[-_ ]')}\b", text) is not None


def _has_value(text: str, value: str) -> bool:
    """Whether ``text`` has ``value`` or its file, in quotes, as a word or as the end of a path."""
    if repr(value) in text:
        return True
    text = text.replace("'", "")  # as of draws='a'
    words = [word.removeprefix("./") for word in (value, split_file(value)[0])]
    return any(
        len(word) >= LEAST and re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)
        for word in words
    )
