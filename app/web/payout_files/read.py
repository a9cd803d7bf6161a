"""What a provider answers: every line becomes an answer, or tells every fault it has.

Nothing here looks at a batch: whether a reference is known and an amount was owed is judged where the money is.
Columns without a role are never looked at but for formulas, and so are never kept: a receiver's real name is one of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from app.domain.answers.rules import LONGEST_TEXT, Answer
from app.domain.batches.rules import MOST_LINES, LineState
from app.web.payout_files.faults import FileFault, FileFaultCode
from app.web.payout_files.profile import (
    NEEDED,
    Amounts,
    Back,
    Field,
    Profile,
    Role,
    folded_word,
)
from app.web.payout_files.sheets import NOTHING, Line, Seen, Unreadable, lines_of
from app.web.table_files import printable

SHOWN = 40  # characters of a cell that a fault repeats

_AMOUNT = re.compile(r"-?[0-9]{1,12}(?:[.,][0-9]+)?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]+", re.ASCII)
_EXPONENT = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+", re.ASCII)
_PLAIN_NUMBER = re.compile(r"-[0-9]+(?:[.,][0-9]+)?", re.ASCII)
_PHONE = re.compile(r"\+[0-9]{6,15}", re.ASCII)
# Seven digits and more in a message of an error are somebody's number.
_LONG_NUMBER = re.compile(r"\+?\d(?:[ \-.()]?\d){6,}")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. A line with a fault gives no answer, so answers and faults together are the whole file.

    ``left_out`` names the columns of which nothing was kept.
    """

    answers: tuple[Answer, ...]
    faults: tuple[FileFault, ...]
    left_out: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        return not self.faults


def read_answers(profile: Profile, content: bytes, *, batch_id: UUID, currency: str) -> Reading:
    """Read a file that came back for a batch. Whatever the bytes are, this gives answers or faults."""
    names = {name.casefold(): role for role, name in profile.back.columns.items()}
    sent = frozenset(column.name.casefold() for column in profile.out.columns)
    faults: list[FileFault] = []
    answers: list[Answer] = []
    left_out: tuple[str, ...] = ()
    try:
        lines = lines_of(content, known=sent | names.keys(), preferred=profile.out.delimiter)
        heading = next(lines, None)
        if heading is None:
            raise Unreadable(FileFaultCode.EMPTY_FILE)
        head = _Head.of(heading, profile, names)
        left_out = head.left_out
        _collect(lines, head, profile, batch_id, currency, answers, faults)
    except Unreadable as refusal:
        faults.append(refusal.fault)
    return Reading(tuple(answers), tuple(sorted(faults, key=lambda fault: fault.line_no)), left_out)


@dataclass(frozen=True, slots=True)
class _Head:
    """Where the columns are."""

    names: tuple[str, ...]
    places: Mapping[Role, int]
    phones: frozenset[int]
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, line: Line, profile: Profile, roles: Mapping[str, Role]) -> "_Head":
        """Raises: Unreadable."""
        number, cells = line
        names = [shown(cell.text) for cell in cells]
        for cell, name in zip(cells, names, strict=True):
            if is_formula(cell, may_be_phone=False):
                raise Unreadable(FileFaultCode.FORMULA, number, column=name)
        places: dict[Role, int] = {}
        for place, cell in enumerate(cells):
            role = roles.get(cell.text.strip().casefold())
            if role in places:
                raise Unreadable(FileFaultCode.COLUMN_TWICE, number, column=names[place])
            if role is not None:
                places[role] = place
        missing = [
            name
            for role, name in profile.back.columns.items()
            if role in NEEDED and role not in places
        ]
        if missing:
            raise Unreadable(FileFaultCode.WRONG_COLUMNS, number, columns=", ".join(missing))
        phones = {name.casefold() for name in profile.out.names_of(Field.MSISDN)}
        return cls(
            names=tuple(names),
            places=places,
            phones=frozenset(n for n, name in enumerate(names) if name.casefold() in phones),
            left_out=tuple(
                name for n, name in enumerate(names) if name and n not in places.values()
            ),
        )

    def cell(self, cells: Sequence[Seen], role: Role) -> Seen:
        place = self.places.get(role)
        return cells[place] if place is not None and place < len(cells) else NOTHING


def _collect(
    lines: Iterator[Line],
    head: _Head,
    profile: Profile,
    batch_id: UUID,
    currency: str,
    answers: list[Answer],
    faults: list[FileFault],
) -> None:
    """Read every line below the heading. Raises: Unreadable, where the file ends before its end."""
    first: dict[str, int] = {}
    count = 0
    for number, cells in lines:
        count += 1
        if count > MOST_LINES:
            raise Unreadable(FileFaultCode.TOO_MANY_LINES, number, most=MOST_LINES)
        reader = _LineReader(number, cells, head, profile.back, batch_id, currency)
        answer = reader.answer()
        if reader.reference:
            earlier = first.setdefault(reader.reference, number)
            if earlier != number:
                reader.note(FileFaultCode.TWICE, first=earlier)
        faults += reader.faults
        if answer and not reader.faults:
            answers.append(answer)
    if not count:
        raise Unreadable(FileFaultCode.EMPTY_FILE)


class _LineReader:
    """One line, and what is wrong with it."""

    def __init__(
        self,
        number: int,
        cells: Sequence[Seen],
        head: _Head,
        back: Back,
        batch_id: UUID,
        currency: str,
    ) -> None:
        self.number, self.cells, self.head, self.back = number, cells, head, back
        self.batch_id, self.currency = batch_id, currency
        self.faults: list[FileFault] = []
        self.reference = ""

    def note(self, code: FileFaultCode, **facts: object) -> None:
        self.faults.append(FileFault(self.number, code, facts))

    def answer(self) -> Answer | None:
        self._look_at_cells()
        self.reference = self._reference()
        self._look_at_batch_and_currency()
        status, paid = self._outcome()
        error = self._words(Role.ERROR)
        if status is LineState.PAID:
            if error and self.back.refuses_success_messages:
                self.note(FileFaultCode.MESSAGE_ON_SUCCESS)
            error = ""
        receipt, completed_at = self._words(Role.RECEIPT), self._time()
        if self.faults:
            return None
        return Answer(
            line_no=self.number,
            payment_ref=self.reference,
            status=status,
            paid_minor=paid,
            provider_receipt=receipt,
            completed_at=completed_at,
            error=_LONG_NUMBER.sub("•••", error),
            currency=self.currency if Role.CURRENCY in self.head.places else None,
        )

    def _look_at_cells(self) -> None:
        """Formulas, wherever they stand, and cells beyond the heading, which say that something has shifted."""
        expected = len(self.head.names)
        if any(cell != NOTHING and cell.text.strip() for cell in self.cells[expected:]):
            self.note(FileFaultCode.OTHER_CELLS, found=len(self.cells), expected=expected)
        for place, cell in enumerate(self.cells):
            if is_formula(cell, may_be_phone=place in self.head.phones):
                name = self.head.names[place] if place < expected else ""
                self.note(FileFaultCode.FORMULA, column=name or place + 1)

    def _reference(self) -> str:
        reference = self._cell(Role.MATCH).text.strip()
        if not printable(reference).strip():
            self.note(FileFaultCode.EMPTY_MATCH)
        elif len(reference) > LONGEST_TEXT:
            self._note_too_long(Role.MATCH)
        return reference

    def _look_at_batch_and_currency(self) -> None:
        batch = self._cell(Role.BATCH).text.strip()
        if batch and batch.lower() not in (str(self.batch_id), self.batch_id.hex):
            self.note(FileFaultCode.OTHER_BATCH)
        currency = self._cell(Role.CURRENCY).text.strip()
        if currency and currency.upper() != self.currency:
            self.note(FileFaultCode.WRONG_CURRENCY, currency=self.currency)

    def _outcome(self) -> tuple[LineState | None, int | None]:
        """What the line says became of the payment; without a status the amount decides."""
        cell = self._cell(Role.AMOUNT)
        if self.back.is_quantity:
            if not cell.text.strip():
                return LineState.SENT, None
            paid = self._amount(cell)
            whole = -1 if self.back.amounts is Amounts.MINOR else -(10**self.places)
            return (LineState.FAILED, 0) if paid == whole else (None, paid)
        paid = self._amount(cell) if cell.text.strip() else None
        if Role.STATUS not in self.back.columns:
            if not cell.text.strip():
                self.note(FileFaultCode.AMOUNT_MISSING)
            return None, paid
        status = self._status()
        if status is LineState.PAID and Role.AMOUNT in self.back.columns and not cell.text.strip():
            self.note(FileFaultCode.AMOUNT_MISSING)
        return status, paid

    def _status(self) -> LineState | None:
        text = self._cell(Role.STATUS).text
        word = folded_word(text)
        if word in self.back.words:
            return self.back.words[word]
        if word:
            self.note(FileFaultCode.UNKNOWN_STATUS, word=shown(text))
        else:
            self.note(FileFaultCode.EMPTY_STATUS)
        return None

    @property
    def places(self) -> int:
        return get_currency_precision(self.currency)

    def _amount(self, cell: Seen) -> int | None:
        """Minor units, exactly. A number of a spreadsheet counts only if it is exact in the currency."""
        places = 0 if self.back.amounts is Amounts.MINOR else self.places
        facts = {"cell": shown(cell.text), "currency": self.currency, "places": places}
        if isinstance(cell.value, Decimal):
            minor = cell.value.scaleb(places) if cell.value.is_finite() else Decimal("NaN")
            if not minor.is_finite() or abs(minor) >= 10**15:
                self.note(FileFaultCode.NOT_AN_AMOUNT, **facts)
            elif minor != minor.to_integral_value():
                self.note(FileFaultCode.FLOAT_AMOUNT, **facts)
            else:
                return int(minor)
            return None
        text = cell.text.strip()
        if cell.value is not None or not _AMOUNT.fullmatch(text):
            short = cell.value is None and _EXPONENT.fullmatch(text)
            code = FileFaultCode.EXPONENT_NOTATION if short else FileFaultCode.NOT_AN_AMOUNT
            self.note(code, **facts)
            return None
        whole, mark, decimals = text.partition(self.back.decimal_mark)
        if not mark and not _WHOLE.fullmatch(text):
            self.note(FileFaultCode.NOT_AN_AMOUNT, **facts)
            return None
        if len(decimals) > places:
            self.note(FileFaultCode.TOO_MANY_DECIMALS, **facts)
            return None
        return int(Decimal(f"{whole}.{decimals or 0}").scaleb(places))

    def _time(self) -> str:
        """An instant in UTC, or a day, or nothing."""
        cell = self._cell(Role.TIME)
        text = cell.text.strip()
        if not text:
            return ""
        try:
            found = cell.value if isinstance(cell.value, date) else self._moment(text)
            if not isinstance(found, datetime):
                return found.isoformat()
            if found.tzinfo is None:
                found = found.replace(tzinfo=ZoneInfo(self.back.zone))
            return found.astimezone(UTC).replace(microsecond=0).isoformat()
        except (ValueError, OverflowError):
            self.note(FileFaultCode.BAD_TIME, cell=shown(text))
            return ""

    def _moment(self, text: str) -> date:
        """Raises: ValueError."""
        if self.back.times:
            return datetime.strptime(text, self.back.times)  # noqa: DTZ007 - the zone is the profile's
        if len(text) == len("2026-03-02"):
            return date.fromisoformat(text)
        return datetime.fromisoformat(text)

    def _words(self, role: Role) -> str:
        text = printable(" ".join(self._cell(role).text.split()))
        if len(text) > LONGEST_TEXT:
            self._note_too_long(role)
        return text

    def _note_too_long(self, role: Role) -> None:
        name = self.back.columns[role]
        self.note(FileFaultCode.TOO_LONG, column=name, most=LONGEST_TEXT)

    def _cell(self, role: Role) -> Seen:
        return self.head.cell(self.cells, role)


def is_formula(cell: Seen, *, may_be_phone: bool) -> bool:
    """Whether a spreadsheet would compute with a cell. A plus may only begin a phone number, a minus only a number.

    >>> [is_formula(Seen(text), may_be_phone=True) for text in ("=1+1", "+254700000001", "-1", "@A1", "\\t=1", "-")]
    [True, False, False, True, True, False]
    """
    if cell.is_formula:
        return True
    text = cell.text.lstrip()
    if not text or cell.value is not None:
        return False
    if text[0] in "=@＝＠":
        return True
    if text[0] in "+＋":
        return not (may_be_phone and _PHONE.fullmatch(text.rstrip()))
    if text[0] in "-－":
        return text.rstrip() not in ("-", "--") and not _PLAIN_NUMBER.fullmatch(text.rstrip())
    return False


def shown(text: str) -> str:
    """As much of a cell as a fault repeats."""
    flat = printable(" ".join(text.split()))
    return flat if len(flat) <= SHOWN else f"{flat[: SHOWN - 1]}…"
