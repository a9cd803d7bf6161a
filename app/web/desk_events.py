"""What a device did, played by the functions behind the desk's own forms: one function a kind, one line in the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.arrivals import actions as arrivals
from app.domain.corrections import actions as corrections
from app.domain.coupons.errors import MistypedCode
from app.domain.coupons.queries import read
from app.domain.deliveries.errors import UnknownEvent
from app.domain.deliveries.rules import Flag, Outcome
from app.domain.devices.queries import Device
from app.domain.intake.rules import CLOCK_FLAGS, Scan
from app.domain.pads import actions as pads
from app.domain.participants import queries as participants
from app.domain.participants.errors import BadParticipant
from app.domain.participants.rules import Standing
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends import actions as stipends
from app.domain.stipends.errors import BadAmount
from app.domain.stipends.queries import books_of
from app.domain.visits import actions as visits
from app.domain.visits.errors import NotReadyForBundle
from app.domain.visits.rules import Step
from app.web.forms import Entered, identifier, whole_number
from app.web.visit_steps import ENTER, Entry


@dataclass(frozen=True)
class Booking:
    """An event about to be booked: who did what, with whom, where and when. ``now`` is when it came.

    ``flags`` are what is odd about it, its clock among them.
    """

    session: Session
    id: UUID
    kind: str
    person: UUID
    entered: Entered
    place: SiteFacts
    device: Device
    at: datetime
    now: datetime
    flags: tuple[str, ...] = ()

    @property
    def by(self) -> Actor:
        return self.device.actor


@dataclass(frozen=True)
class Played:
    """What became of an event that was booked."""

    outcome: Outcome = Outcome.ACCEPTED
    code: str | None = None
    flags: tuple[str, ...] = ()


def play(booking: Booking) -> Played:
    """Book an event. Raises: UnknownEvent, and whatever its action refuses."""
    if booking.kind not in PLAY:
        raise UnknownEvent
    permission, book = PLAY[booking.kind]
    booking.by.require(permission)
    return book(booking)


def arrive(booking: Booking) -> Played:
    """Someone came: whatever is wrong with her card, she was there."""
    entered, coupon, slip = booking.entered, None, None
    if entered.get("coupon"):
        try:
            coupon = read(entered["coupon"])
        except MistypedCode as mistyped:
            slip = mistyped
    scan = Scan(
        id=booking.id,
        coupon=coupon,
        site=booking.place.code,
        device_id=booking.device.label,
        scanned_at=booking.at,
        uic=entered.get("uic") or None,
        not_the_same=_people(entered),
        late_reason=entered.get("late_reason") or None,
        participant_id=booking.person,
        flags=tuple(flag for flag in CLOCK_FLAGS if flag.value in booking.flags),
    )
    arrival = arrivals.arrive(booking.session, scan, by=booking.by, now=booking.now)
    if slip:
        return Played(Outcome.REFUSED, slip.code, tuple(arrival.flags))
    return Played(Outcome(arrival.outcome), arrival.code, tuple(arrival.flags))


def go_on(step: Step, booking: Booking) -> Played:
    """A step of a visit, through the function that keeps the desk's own form."""
    ENTER[step](
        Entry(
            booking.session,
            booking.person,
            booking.entered,
            booking.place,
            booking.by,
            booking.at,
        )
    )
    return Played()


def give_bundle(booking: Booking) -> Played:
    """The cards of a pad were handed over: they are hers, or will be when she may have cards."""
    pad, given = read(booking.entered.get("coupon", "")), whole_number(booking.entered, "given")
    try:
        visits.give_bundle(
            booking.session, booking.person, by=booking.by, now=booking.at, pad=pad, given=given
        )
    except NotReadyForBundle:
        person = participants.participant(
            booking.session, booking.person, programme_id=booking.by.programme_id
        )
        if person.standing is Standing.MISTAKEN:  # nobody decides about her any more
            raise
        pads.promise(
            booking.session, pad, booking.person, given=given, by=booking.by, now=booking.at
        )
        return Played(flags=(Flag.PAD_PROMISED,))
    return Played()


def hand_fee(booking: Booking) -> Played:
    """The fee left the drawer: it is booked whatever the rules say, and flagged where they say no.

    Raises:
        BadAmount: more than any rules of the programme ever gave; what a device alone says may not empty the books.
    """
    minor = _minor(booking.entered)
    adopted = programmes.protocol_versions(booking.session, booking.by.programme_id)
    if minor > max(version.rules.stipends.primary for version in adopted):
        raise BadAmount(minor=minor)
    books, protocol = books_of(
        booking.session, booking.by.programme_id, booking.place.id, now=booking.at
    )
    is_owed = stipends.note_fee_paid(
        booking.session,
        books,
        payment_id=identifier(booking.entered, "payment_id") or booking.id,
        participant_id=booking.person,
        minor=minor,
        by=booking.by.staff_id,
        now=booking.at,
    )
    flags = {Flag.FEE_NOT_ALLOWED: protocol.rules.fee_offline, Flag.FEE_NOT_OWED: is_owed}
    return Played(flags=tuple(flag for flag, is_right in flags.items() if not is_right))


def take_back(booking: Booking) -> Played:
    """An arrival was taken back on the device that had noted it."""
    scan = identifier(booking.entered, "scan")
    if scan is None:
        raise BadParticipant(field="scan", reason="missing")
    corrections.take_back(
        booking.session,
        scan,
        reason=None,
        by=booking.by,
        now=booking.at,
        participant_id=booking.person,
    )
    return Played()


STEPS = (
    Step.ELIGIBILITY,
    Step.CONSENT,
    Step.KNOWLEDGE_TEST,
    Step.INTERVIEW,
    Step.SERVICES,
    Step.TRAINING,
)
PLAY: Mapping[str, tuple[Permission, Callable[[Booking], Played]]] = {
    "arrival": (Permission.REDEEM, arrive),
    **{step.value: (Permission.TAKE_IN, partial(go_on, step)) for step in STEPS},
    "bundle": (Permission.ISSUE_BUNDLE, give_bundle),
    "fee": (Permission.PAY_STIPEND, hand_fee),
    "undo": (Permission.REDEEM, take_back),
}


def _minor(entered: Entered) -> int:
    text = entered.get("minor", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise BadParticipant(field="minor", reason="not_a_number")
    return int(text)


def _people(entered: Entered) -> tuple[UUID, ...]:
    """The earlier people from whom the desk has told her apart."""
    words = [word.strip() for word in entered.get("not_the_same", "").split(",")]
    try:
        return tuple(UUID(word) for word in words if word)
    except ValueError:
        raise BadParticipant(field="not_the_same", reason="unknown") from None
