"""Bytes into text, refusing what would be read wrongly."""

from analysis.errors import SampleError

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decode(content: bytes) -> str:
    r"""The text of a file, with a byte order mark removed and every line end made ``\n``.

    Only UTF-8 is read: in any other encoding a letter could silently become another one.

    Raises:
        SampleError: ``not_utf8``, ``nul_byte`` or ``empty_file``.

    >>> decode(b"\xef\xbb\xbfid\r\n1\r\n")
    'id\n1\n'
    """
    if content.startswith(_UTF_16):
        raise _not_utf8(1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(content.count(b"\n", 0, error.start) + 1) from None
    if "\0" in text:
        raise SampleError(
            "nul_byte",
            "There is a NUL byte here, so this is not a text file, or it was damaged on its way.",
            line=text.count("\n", 0, text.index("\0")) + 1,
        )
    if not text.strip():
        raise SampleError("empty_file", "The file is empty.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _not_utf8(line: int) -> SampleError:
    return SampleError(
        "not_utf8",
        "This is not UTF-8 text (it may be Windows-1251, Latin-1 or UTF-16). Save the file again "
        "as “CSV UTF-8”, or as text in UTF-8.",
        line=line,
    )
