"""Patterns in a programme's records that chance seldom makes, with their evidence and innocent explanations.

A signal is a question to ask, not an answer. Each kind holds its false findings to one in a hundred
(``LEVEL``), so an honest programme of any size shows hardly any.
"""

from collections.abc import Callable

from analysis.integrity.answers import (
    perfect_scores,
    same_answers_in_chain,
    same_answers_with_staff,
)
from analysis.integrity.bursts import bursts, busy_days
from analysis.integrity.records import KnowledgeTests, People, Records, Redemptions
from analysis.integrity.self_recruitment import own_coupon, same_code, same_hour, straight_line
from analysis.integrity.signal import LEVEL, Signal, Subject
from analysis.integrity.staff import NotCompared, not_compared, outliers
from analysis.integrity.trading import other_site, siblings_together, side_by_side, strangers

__all__ = [
    "LEVEL",
    "SIGNALS",
    "KnowledgeTests",
    "NotCompared",
    "People",
    "Records",
    "Redemptions",
    "Signal",
    "Subject",
    "find_signals",
    "not_compared",
]

SIGNALS: tuple[Callable[[Records], tuple[Signal, ...]], ...] = (
    busy_days,
    bursts,
    siblings_together,
    other_site,
    strangers,
    side_by_side,
    own_coupon,
    same_code,
    straight_line,
    same_hour,
    same_answers_in_chain,
    same_answers_with_staff,
    perfect_scores,
    outliers,
)


def find_signals(records: Records) -> tuple[Signal, ...]:
    """Every pattern there is, kind by kind, the strongest of each first.

    >>> find_signals(Records.empty())
    ()
    """
    return tuple(signal for find in SIGNALS for signal in find(records))
