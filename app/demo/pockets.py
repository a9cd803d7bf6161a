"""The coupons of the simulated programme, by whose pocket they are in and what became of them."""

import heapq
import math
import random
from collections.abc import Iterable
from datetime import date

from app.demo.desk import Card

USUAL_WAIT = 12  # days from the first on which a coupon can be used to the one on which most are


class Pockets:
    """Which coupons are out, and those a desk will have to turn away."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.out: list[Card] = []
        self.spent: list[Card] = []
        self.ended: list[Card] = []
        self.expired: list[Card] = []
        self.forgotten: list[Card] = []

    def add(self, cards: Iterable[Card]) -> None:
        self.out.extend(cards)

    def usable(self, day: date) -> list[Card]:
        return [card for card in self.out if card.usable_from <= day <= card.usable_until]

    def turn_page(self, day: date) -> None:
        """Put aside what can be used no more."""
        self.expired.extend(card for card in self.out if card.usable_until < day)
        self.out = [card for card in self.out if card.usable_until >= day]

    def fall_quiet(self, last: date) -> None:
        """The smallest chain with a coupon that is good after a day brings nobody any more."""
        chains = [card.holder.chain for card in self.out if card.usable_until > last]
        if not chains:
            return
        quiet = min(chains, key=lambda chain: (chain.size == 1, chain.size))
        self.forgotten = [card for card in self.out if card.holder.chain is quiet]
        self.out = [card for card in self.out if card.holder.chain is not quiet]

    def take(self, day: date, most: int) -> list[Card]:
        """The coupons that are brought on a day: those of whom people follow, a week or so after they got them."""
        drawn = {
            card: math.log(1 - self._rng.random()) / weight
            for card in self.usable(day)
            if (weight := _weight(card, day)) > 0
        }
        taken = heapq.nlargest(most, drawn, key=lambda card: drawn[card])
        gone = set(taken)
        self.out = [card for card in self.out if card not in gone]
        return taken

    def lose(self, share: float) -> list[Card]:
        """A few that are lost or given back; they count as out no longer."""
        drawn = [(card, self._rng.random() < share) for card in self.out]
        self.out = [card for card, is_lost in drawn if not is_lost]
        lost = [card for card, is_lost in drawn if is_lost]
        self.ended.extend(lost)
        return lost


def _weight(card: Card, day: date) -> float:
    waited = (day - card.usable_from).days
    timely = 0.06 + math.exp(-(((waited - USUAL_WAIT) / 8) ** 2))
    return card.holder.chain.draw * card.holder.person.drive * timely
