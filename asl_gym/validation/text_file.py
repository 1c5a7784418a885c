"""The text of a file of columns, whatever lies at its path, and the error of an unreadable one."""

import codecs
import stat
from pathlib import Path

__all__ = ["TextFileError", "check_decoded", "file_text"]

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TextFileError(ValueError):
    """A text file cannot be read, or does not hold what is asked of it.

    Args:
        path: The file.
        reason: What is wrong and what is allowed.
        line: Line of the file, counted from 1, or ``None`` where no single line is at fault.
    """

    def __init__(self, path: Path, reason: str, line: int | None = None) -> None:
        # The fields are the exception's args, so that it survives pickling between processes.
        super().__init__(path, reason, line)
        self.path, self.reason, self.line = path, reason, line

    def __str__(self) -> str:
        place = f"{self.path}" if self.line is None else f"{self.path}, line {self.line}"
        # A name's bytes that are no UTF-8 must not make the message unprintable.
        text = f"{place}: {self.reason}"
        return text.encode("utf-8", "backslashreplace").decode()


def file_text(path: Path) -> str:
    """The file's text; bytes that are not valid UTF-8 stand in it as lone surrogates.

    Raises:
        TextFileError: If there is no such regular file, or it cannot be read or is binary.
    """
    data = _bytes(path)
    if data.startswith(UTF16_MARKS):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise TextFileError(path, f"the file is not valid UTF-16: {error.reason}") from error
    else:
        text = data.decode("utf-8-sig", "surrogateescape")
    if "\0" in text:
        line = len(text[: text.index("\0") + 1].splitlines())
        raise TextFileError(path, "the file is no text: it holds a zero byte", line)
    return text


def _bytes(path: Path) -> bytes:
    if "\0" in str(path):
        raise TextFileError(path, "the file cannot be read: a path holds no zero byte")
    try:
        # A pipe would keep the reader waiting for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            reason = "the file cannot be read: it is a directory, a pipe or a device, not a file"
            raise TextFileError(path, reason)
        return path.read_bytes()
    except OSError as error:
        raise TextFileError(path, f"the file cannot be read: {error.strerror}") from error


def check_decoded(text: str) -> None:
    """Checks that text holds none of the bytes that :func:`file_text` could not decode.

    Raises:
        ValueError: If it does; the message names the byte.
    """
    for character in text:
        if "\udc80" <= character <= "\udcff":
            raise ValueError(f"byte {ord(character) - 0xDC00:#04x} is not valid UTF-8")
