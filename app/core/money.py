"""Amounts of money: integers and a currency, never a float."""

from dataclasses import dataclass

from babel.numbers import format_currency, get_currency_precision


@dataclass(frozen=True)
class Money:
    """An exact amount in minor units (kopiykas, cents): ``Money(500, "UAH")`` is 5.00.

    >>> Money(500, "UAH") + Money(30, "UAH")
    Money(minor=530, currency='UAH')
    """

    minor: int
    currency: str

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
        major = self.minor / 10 ** get_currency_precision(self.currency)
        return str(format_currency(major, self.currency, locale=language))
