from typing import Self

from pydantic import BaseModel

from app.core.money import Money


class MoneyOut(BaseModel):
    """An amount in minor units."""

    minor: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> Self:
        return cls(minor=money.minor, currency=money.currency)
