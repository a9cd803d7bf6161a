"""Amounts of money: integers and a currency, never a float."""

import re
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

AMOUNT = re.compile(r"\d{1,12}(?:[.,]\d+)?", re.ASCII)


class NotAnAmount(ValueError):
    """Text that is not an exact amount of a currency."""


@dataclass(frozen=True)
class Money:
    """An exact amount in minor units (kopiykas, cents): ``Money(500, "UAH")`` is 5.00.

    >>> Money(500, "UAH") + Money(30, "UAH")
    Money(minor=530, currency='UAH')
    """

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Read an amount as a person types it: digits, and a point or comma before the smaller unit.

        Raises:
            NotAnAmount: a sign, a separator of thousands, or more decimals than the currency has.

        >>> Money.parse("7,5", "UAH")
        Money(minor=750, currency='UAH')
        """
        if not AMOUNT.fullmatch(text.strip()):
            raise NotAnAmount(text)
        minor = Decimal(text.strip().replace(",", ".")).scaleb(get_currency_precision(currency))
        if minor != minor.to_integral_value():
            raise NotAnAmount(text)
        return cls(int(minor), currency)

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Money(self.minor + other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def text(self, language: str) -> str:
        """As a person reads it, with the currency's own number of decimals.

        >>> Money(123456, "UAH").text("en")
        'UAH\\xa01,234.56'
        """
        text = str(format_currency(self.major, self.currency, locale=language))
        return re.sub(r"(?<=[^\W\d])(?=\d)", "\u00a0", text)  # a letter must not touch a figure

    @property
    def major(self) -> Decimal:
        """The exact amount in the currency's large unit, as it is typed and exported.

        >>> str(Money(750, "UAH").major)
        '7.50'
        """
        return Decimal(self.minor).scaleb(-get_currency_precision(self.currency))
