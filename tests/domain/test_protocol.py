"""A protocol is checked when it is made, so that no rule fails at a desk later."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.errors import BadProtocol, BadSite, UnknownProgramme, UnknownSite
from app.domain.programmes.queries import (
    current_protocol,
    programme_by_code,
    protocol_versions,
    site_by_code,
)
from app.domain.programmes.rules import SIMPLIFIED, Protocol, coupons_in_bundle, usable_dates
from tests.factories import LATER, a_place, a_site

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def test_what_is_left_out_takes_its_default_and_rules_come_back_as_they_were() -> None:
    assert Protocol.from_json({}) == Protocol()
    rules = Protocol(minimum_age=16, stipends=SIMPLIFIED, taper=((50, 1),))
    assert Protocol.from_json(rules.to_json()) == rules


@pytest.mark.parametrize(
    ("rules", "rule"),
    [
        ({"colour": 1}, "colour"),
        ({"stipends": {"bonus": 1}}, "bonus"),
        ({"stipends": [1]}, "stipends"),
        ({"stipends": {"kind": "generous"}}, "kind"),
        ({"stipends": {"primary": -1}}, "primary"),
        ({"stipends": {"primary": 7.5}}, "primary"),
        ({"stipends": {"primary": "750"}}, "primary"),
        ({"stipends": {"primary": True}}, "primary"),
        ({"stipends": {"primary": 2**31}}, "primary"),
        ({"coupons_per_bundle": 0}, "coupons_per_bundle"),
        ({"coupons_per_bundle": 4}, "coupons_per_bundle"),
        ({"coupons_per_bundle": None}, "coupons_per_bundle"),
        ({"validity_days": -1}, "validity_days"),
        ({"validity_days": 100_000}, "validity_days"),
        ({"grace_days": 100_000}, "grace_days"),
        ({"activation_delay_days": 31}, "activation_delay_days"),
        ({"minimum_age": "adult"}, "minimum_age"),
        ({"taper": "steep"}, "taper"),
        ({"taper": [[80]]}, "taper"),
        ({"taper": [[80, 2], [90, 2.5]]}, "taper"),
        ({"taper": [[80, 1], [90, 2]]}, "taper"),
        ({"taper": [[90, 1], [80, 2]]}, "taper"),
        ({"consent_purposes": "participation"}, "consent_purposes"),
        ({"consent_purposes": ["follow_up"]}, "consent_purposes"),
        ({"consent_version": ""}, "consent_version"),
        ({"messages": {"quiet_from": 25}}, "quiet_from"),
        ({"messages": {"quiet_until": 25}}, "quiet_until"),
        ({"messages": {"quiet_from": 0, "quiet_until": 24}}, "quiet_until"),
        ({"messages": {"most_a_day": -1}}, "most_a_day"),
        ({"messages": {"coupon_days_before": 181}}, "coupon_days_before"),
        ({"messages": {"appointment_days_before": 181}}, "appointment_days_before"),
        ({"messages": {"loud": 1}}, "loud"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_by_its_name(
    rules: dict[str, Any], rule: str
) -> None:
    with pytest.raises(BadProtocol) as refused:
        Protocol.from_json(rules)
    assert refused.value.facts["rule"] == rule


@given(st.dictionaries(st.sampled_from([*Protocol.__dataclass_fields__]), json_values, max_size=3))
def test_whatever_is_submitted_becomes_rules_that_work_or_is_refused(rules: dict[str, Any]) -> None:
    try:
        protocol = Protocol.from_json(rules)
    except BadProtocol:
        return
    assert 0 <= coupons_in_bundle(protocol, reached=95, target=100) <= 3
    first, last = usable_dates(
        issued_on=date(2026, 3, 1),
        activation_delay_days=protocol.activation_delay_days,
        validity_days=protocol.validity_days,
    )
    assert first <= last


@pytest.mark.parametrize(
    ("reached", "target", "size"),
    [(799, 1000, 3), (800, 1000, 2), (899, 1000, 2), (900, 1000, 1), (1000, 1000, 0)],
)
def test_the_taper(reached: int, target: int, size: int) -> None:
    assert coupons_in_bundle(Protocol(), reached=reached, target=target) == size
    assert coupons_in_bundle(replace(Protocol(), taper=()), reached=reached, target=target) == 3
    assert coupons_in_bundle(Protocol(), reached=reached, target=None) == 3


def test_a_change_of_rules_is_a_new_version_and_the_old_one_stays(session: Session) -> None:
    place = a_place(session)
    new = Protocol(validity_days=14)

    number = adopt_protocol(session, place.programme.id, new, by=place.lead.staff_id, now=LATER)

    assert number == 2
    assert current_protocol(session, place.programme.id).rules == new
    assert [version.rules for version in protocol_versions(session, place.programme.id)] == [
        new,
        Protocol(),
    ]


def test_a_programme_or_site_nobody_knows_is_refused(session: Session) -> None:
    place, other = a_place(session), a_place(session)

    with pytest.raises(UnknownProgramme):
        programme_by_code(session, "NOWHERE")
    with pytest.raises(UnknownSite):
        site_by_code(session, place.programme.id, other.site.code)


def test_days_are_counted_across_the_change_of_clocks() -> None:
    issued = datetime(2026, 3, 28, 12, tzinfo=UTC).date()

    days = usable_dates(issued_on=issued, activation_delay_days=1, validity_days=2)
    assert days == (date(2026, 3, 29), date(2026, 3, 30))


def test_a_site_in_a_time_zone_that_does_not_exist_is_not_opened(session: Session) -> None:
    place = a_place(session)
    with pytest.raises(BadSite):
        a_site(session, place.programme.id, code="MOON", timezone="Moon/Tranquility")
