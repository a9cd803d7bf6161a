"""What counts as spent, as paid and as owed, told by the accounts an entry moves."""

from app.domain.stipends.rules import EXPENSE, Account

COSTS = tuple(EXPENSE.values())
# Told apart from what people earned: nobody earned it, or nobody will fetch it any more.
BESIDE_COSTS = (Account.CASH_LOSS, Account.CASH_VARIANCE, Account.WRITE_OFF)

PURSES = (Account.CASH_FLOAT, Account.BANK)
# What leaves a purse against one of these is in somebody's hand; what comes back to one was not.
OWED_UNTIL_PAID = (Account.STIPENDS_PAYABLE, Account.CLEARING)


def per(minor: int, people: int) -> int:
    """Minor units for each of some people, to the nearest; a half goes up.

    >>> per(1000, 3), per(25, 10), per(-25, 10)
    (333, 3, -2)
    """
    return (2 * minor + people) // (2 * people)
