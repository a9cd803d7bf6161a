"""The books of a programme at the end of a day, as pages and files show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.core.money import Money
from app.domain.programmes.queries import SiteFacts
from app.domain.stipends.queries import DEBIT_SIDE, Balance
from app.domain.stipends.rules import Account


@dataclass(frozen=True)
class TrialLine:
    """What stands in an account, on one side or on the other."""

    account: Account
    debit: Money | None
    credit: Money | None


@dataclass(frozen=True)
class Books:
    """Every account that has moved, by site."""

    currency: str
    sites: dict[UUID, SiteFacts]
    balances: Sequence[Balance]
    on: date

    @property
    def accounts(self) -> list[Account]:
        moved = {each.account for each in self.balances}
        return [account for account in Account if account in moved]

    def total(self, *accounts: Account, site_id: UUID | None = None) -> Money:
        """What stands in some accounts, of all sites or of one."""
        minor = sum(
            each.balance.minor
            for each in self.balances
            if each.account in accounts and site_id in (None, each.site_id)
        )
        return Money(minor, self.currency)

    def trial(self, site_id: UUID | None = None) -> list[TrialLine]:
        """Each account on the side on which it stands; one with nothing in it on neither."""
        lines = []
        for account in self.accounts:
            total = self.total(account, site_id=site_id)
            is_debit = (total.minor > 0) == (account in DEBIT_SIDE)
            amount = Money(abs(total.minor), self.currency) if total.minor else None
            lines.append(
                TrialLine(account, amount if is_debit else None, None if is_debit else amount)
            )
        return lines

    def sum_of(self, amounts: Sequence[Money | None]) -> Money:
        return sum((each for each in amounts if each), Money(0, self.currency))
