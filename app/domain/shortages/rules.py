"""Accounts of what is missing. Pure."""

from enum import StrEnum

from app.domain.stipends.rules import Account


class Discrepancy(StrEnum):
    """Accounts of what is missing, which two people may write off."""

    CASH_VARIANCE = "cash_variance"
    CASH_LOSS = "cash_loss"

    @property
    def account(self) -> Account:
        return Account(self.value)
