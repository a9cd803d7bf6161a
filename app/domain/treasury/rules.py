"""Which entries people may correct by hand: what they entered by hand, and what was owed by mistake."""

from app.domain.stipends.rules import EXPENSE, Account

BY_HAND = frozenset(
    {
        (Account.CASH_FLOAT, Account.FUNDING),
        (Account.CASH_FLOAT, Account.BANK),
        (Account.BANK, Account.FUNDING),
        (Account.BANK, Account.CASH_FLOAT),
        (Account.CASH_VARIANCE, Account.CASH_FLOAT),
        (Account.CASH_FLOAT, Account.CASH_VARIANCE),
    }
)
OWED = frozenset(
    (debit, Account.STIPENDS_PAYABLE) for debit in (*EXPENSE.values(), Account.STIPENDS_HELD)
)


def may_be_corrected(debit: Account, credit: Account) -> bool:
    """Tell whether an entry from one account to another is one that people may reverse.

    >>> may_be_corrected(Account.CASH_FLOAT, Account.FUNDING)
    True
    >>> may_be_corrected(Account.STIPENDS_PAYABLE, Account.CASH_FLOAT)
    False
    """
    return (debit, credit) in BY_HAND | OWED
