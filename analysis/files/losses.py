"""What a layout cannot hold is refused before a file is begun, so that nothing is lost unseen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from analysis.errors import SampleError
from analysis.ids import NumberIds
from analysis.sample import Sample


@dataclass(frozen=True)
class Limits:
    """What one layout can hold.

    Attributes:
        layout: its name.
        keeps: whether a text that is not empty is read back as it was written.
        loses: which texts are not, in words.
        reserves: whether a trait of that name would be taken for something else.

    >>> short = Limits("short", lambda text: len(text) < 3, "more than two letters", str.isupper)
    >>> short.keeps("an"), short.keeps("ann"), short.reserves("ID")
    (True, False, True)
    """

    layout: str
    keeps: Callable[[str], bool]
    loses: str
    reserves: Callable[[str], bool]


def is_utf8(text: str) -> bool:
    r"""Whether UTF-8 has all its letters: halves of a pair of surrogates it has not.

    >>> is_utf8("жінка"), is_utf8("\ud800")
    (True, False)
    """
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def refuse_losses(sample: Sample, limits: Limits) -> None:
    """Refuse a sample that would not be read back the same.

    Raises:
        SampleError: ``unwritable``, naming what the layout cannot hold.

    >>> from analysis.sample import build_sample
    >>> limits = Limits("short", lambda text: len(text) < 3, "more than two letters", str.isupper)
    >>> refuse_losses(build_sample(["ann"], [""]), limits)
    Traceback (most recent call last):
    analysis.errors.SampleError: The short layout cannot hold the id 'ann': it loses more than two \
letters. Change it, or choose another layout. (unwritable)
    """
    for name in sample.traits:
        if not name or limits.reserves(name):
            raise unwritable(limits.layout, f"a trait called {name!r}", "that name means another")
    for what, text in _texts(sample):
        if not limits.keeps(text):
            raise unwritable(limits.layout, f"the {what} {text[:80]!r}", f"it loses {limits.loses}")
    sizes = sample.network_size
    if (np.isinf(sizes) | (sizes <= 0)).any():
        raise unwritable(limits.layout, "a network size", "one is not a number of people above 0")
    days = sample.enrolled_on[~np.isnat(sample.enrolled_on)]
    if len(days) and not (days.min() >= _FIRST_DAY and days.max() <= _LAST_DAY):
        raise unwritable(limits.layout, "a date", "its year must be between 1 and 9999")


_FIRST_DAY, _LAST_DAY = np.datetime64("0001-01-01"), np.datetime64("9999-12-31")


def _texts(sample: Sample) -> Iterator[tuple[str, str]]:
    for name, trait in sample.traits.items():
        yield "trait name", name
        for level in trait.levels:
            yield f"value of {name[:80]!r}", level
    if not isinstance(sample.ids, NumberIds):
        for person in sample.ids:
            yield "id", person


def unwritable(layout: str, what: str, why: str) -> SampleError:
    """What is said where a layout cannot hold something.

    >>> unwritable("rdsat", "the id '0'", "0 stands for none").code
    'unwritable'
    """
    return SampleError(
        "unwritable",
        f"The {layout} layout cannot hold {what}: {why}. Change it, or choose another layout.",
        layout=layout,
    )
