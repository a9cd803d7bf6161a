"""Columns of text as pyarrow holds them, into the arrays of a sample."""

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.arrays import IntArray
from analysis.blocks import blocks
from analysis.files.table import LONGEST_CELL
from analysis.ids import LazyIds, NumberIds, PackedIds

CODED = pa.dictionary(pa.int32(), pa.string())
_MOST_DIGITS = 9
_ROOM = 8
_THREADS = 2

Scalar = TypeVar("Scalar", bound=np.generic)


class Irregular(Exception):
    """Something that the careful reader must judge.

    >>> coded(pa.chunked_array([[" f"]], CODED))
    Traceback (most recent call last):
    analysis.files.arrow_columns.Irregular
    """


def coded(column: pa.ChunkedArray) -> tuple[Sequence[str], IntArray]:
    """The distinct values, in no order, and (n,) each person's place among them.

    Raises:
        Irregular: for a value that the careful reader would not take as it stands.

    >>> values, codes = coded(pa.chunked_array([["f", ""], ["m", "f"]], CODED))
    >>> [values[code] for code in codes]
    ['f', '', 'm', 'f']
    """
    place: dict[str, int] = {}
    codes = np.empty(len(column), dtype=np.int32)
    start = 0
    for chunk in column.chunks:
        of_chunk = [place.setdefault(v, len(place)) for v in chunk.dictionary.to_pylist()]
        some = slice(start, start := start + len(chunk))
        codes[some] = np.array(of_chunk, dtype=np.int32)[chunk.indices.to_numpy()]
    if not all(map(_is_plain, place)):
        raise Irregular
    return list(place), codes


def _is_plain(value: str) -> bool:
    is_plain = '"' not in value and "\0" not in value and len(value) <= LONGEST_CELL
    return is_plain and value == value.strip()


def each_once(
    column: pa.ChunkedArray, work_out: Callable[[Sequence[str]], npt.NDArray[Scalar]]
) -> npt.NDArray[Scalar]:
    """(n,) what each value means, worked out once a distinct value.

    >>> each_once(pa.chunked_array([["2", "3", "2"]], CODED), lambda v: np.array(v, float)).tolist()
    [2.0, 3.0, 2.0]
    """
    values, codes = coded(column)
    return work_out(values)[codes]


def people(ids: pa.ChunkedArray, recruiter_ids: pa.ChunkedArray) -> tuple[LazyIds, IntArray]:
    """Everyone's id, and (n,) the index of her recruiter, -1 for a seed.

    Numbers given out one after another are looked up in a table, other ids by their hash.

    Raises:
        Irregular: for an id that is empty, there twice, not plain ASCII, or a recruiter's and
            nobody's.

    >>> texts = pa.chunked_array([["7", "8"]]), pa.chunked_array([["", "7"]])
    >>> [column.tolist() if hasattr(column, "tolist") else list(column) for column in people(*texts)]
    [['7', '8'], [-1, 0]]
    """
    if not len(ids):
        raise Irregular
    numbers = _numbers_of(ids)
    if numbers is not None and numbers.max() < _ROOM * len(ids):
        recruiters = _numbers_of(recruiter_ids)
        if recruiters is None:
            raise Irregular
        return NumberIds(numbers), _by_table(numbers, recruiters)
    return _by_hash(ids, recruiter_ids)


def _by_table(numbers: IntArray, recruiters: IntArray) -> IntArray:
    n, most = len(numbers), int(numbers.max())
    place = np.full(most + 2, -1, dtype=np.int32)  # the last is nobody's: -1 points there
    recruiter = np.empty(n, dtype=np.int32)
    if numbers.min() < 0 or recruiters.max() > most:
        raise Irregular
    for some in blocks(n):
        place[numbers[some]] = np.arange(some.start, some.stop, dtype=np.int32)
    for some in blocks(n):
        recruiter[some] = place[recruiters[some]]
        is_other = place[numbers[some]] != np.arange(some.start, some.stop, dtype=np.int32)
        if is_other.any() or ((recruiter[some] < 0) & (recruiters[some] >= 0)).any():
            raise Irregular
    return recruiter


def _by_hash(ids: pa.ChunkedArray, recruiter_ids: pa.ChunkedArray) -> tuple[LazyIds, IntArray]:
    """Both columns in one dictionary: the ids fill its first n places if each is there once."""
    n = len(ids)
    both = pa.chunked_array([*ids.chunks, *recruiter_ids.chunks]).dictionary_encode()
    distinct = both.chunk(0).dictionary
    if len(distinct) > n + 1 or (len(distinct) == n + 1 and distinct[n].as_py()):
        raise Irregular
    found = np.concatenate([chunk.indices.to_numpy() for chunk in both.chunks])
    ends, letters = _text_of(distinct.slice(0, n))
    lengths = np.diff(ends)
    if (found[:n] != np.arange(n)).any() or lengths.min() == 0 or lengths.max() > LONGEST_CELL:
        raise Irregular
    if ((letters <= 0x20) | (letters >= 0x7F) | (letters == ord('"'))).any():
        raise Irregular
    recruiter: IntArray = found[n:]
    return PackedIds(letters, ends), np.where(recruiter == n, np.int32(-1), recruiter)


def _numbers_of(column: pa.ChunkedArray) -> IntArray | None:
    """(n,) the numbers that a column's cells are, -1 for an empty cell; ``None`` if others."""
    numbers = np.full(len(column), -1, dtype=np.int32)
    starts = itertools.accumulate(map(len, column.chunks), initial=0)
    parts = [
        numbers[start : start + len(chunk)]
        for start, chunk in zip(starts, column.chunks, strict=False)
    ]
    with ThreadPoolExecutor(_THREADS) as threads:  # numpy and pyarrow let others run meanwhile
        are_numbers = list(threads.map(_read_numbers, column.chunks, parts))
    return numbers if all(are_numbers) else None


def _read_numbers(chunk: pa.StringArray, numbers: IntArray) -> bool:
    ends, letters = _text_of(chunk)
    lengths = np.diff(ends)
    written = lengths > 0
    first = letters[ends[:-1][written]]
    if (letters - ord("0") > 9).any() or lengths.max(initial=0) > _MOST_DIGITS:
        return False
    if ((first == ord("0")) & (lengths[written] > 1)).any():
        return False
    numbers[written] = chunk.filter(pa.array(written)).cast(pa.int32()).to_numpy()
    return True


def _text_of(texts: pa.StringArray) -> tuple[IntArray, npt.NDArray[np.uint8]]:
    """(n + 1,) where each text ends, after a 0, and the bytes of all of them."""
    _, ends, letters = texts.buffers()
    if not len(texts) or letters is None:
        return np.zeros(len(texts) + 1, dtype=np.int32), np.empty(0, dtype=np.uint8)
    place = np.frombuffer(ends, np.int32, count=len(texts) + 1, offset=4 * texts.offset)
    first = int(place[0])
    count = int(place[-1]) - first
    return place - place[0], np.frombuffer(letters, np.uint8, count=count, offset=first)
