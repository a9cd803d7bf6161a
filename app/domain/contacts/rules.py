"""Telephone numbers as they are kept, and the country they are read in."""

import phonenumbers
from babel.core import get_global
from phonenumbers import NumberParseException, PhoneNumberFormat

from app.domain.contacts.errors import BadNumber, NumberNeeded
from app.domain.stipends.rules import Method

# What reaches a person only through her telephone.
BY_TELEPHONE = frozenset({Method.MOBILE_MONEY, Method.AIRTIME})
LONGEST_TYPED = 40
NOWHERE = "ZZ"
SHOWN = 4


def region_of(timezone: str, currency: str) -> str:
    """The country whose numbers are typed without a country code: that of the site's clock, else of the money.

    >>> region_of("Europe/Kyiv", "UAH"), region_of("Africa/Nairobi", "KES"), region_of("UTC", "UAH")
    ('UA', 'KE', 'UA')
    """
    name = get_global("zone_aliases").get(timezone, timezone)
    country = str(get_global("zone_territories").get(name, NOWHERE))
    return currency[:2] if country == NOWHERE else country


def read_msisdn(text: str, region: str) -> str:
    """A number as it is kept, whatever spaces and brackets it was typed with.

    >>> read_msisdn("050 123 45 67", "UA"), read_msisdn("+254 712 345678", "UA")
    ('+380501234567', '+254712345678')

    Raises:
        BadNumber: nobody there can have it.
    """
    try:
        number = phonenumbers.parse(text[:LONGEST_TYPED], region)
    except NumberParseException:
        raise BadNumber from None  # the cause would repeat what was typed
    if len(text) > LONGEST_TYPED or number.extension or not phonenumbers.is_valid_number(number):
        raise BadNumber
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def masked(msisdn: str) -> str:
    """What pages show of a number.

    >>> masked("+380501234567")
    '•••• 4567'
    """
    return f"•••• {msisdn[-SHOWN:]}"


def check_reachable(method: Method, msisdn: str | None) -> None:
    """Raises: NumberNeeded, for what goes to a telephone."""
    if method in BY_TELEPHONE and not msisdn:
        raise NumberNeeded
