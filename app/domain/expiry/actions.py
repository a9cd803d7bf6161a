from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import put
from app.domain.audit.actions import record
from app.domain.expiry.errors import NotExpired, WrittenOffAlone
from app.domain.expiry.models import WriteOff
from app.domain.participants.queries import lock
from app.domain.stipends import queries as stipends
from app.domain.stipends.actions import move, settled_once
from app.domain.stipends.errors import AccrualChanged
from app.domain.stipends.models import LedgerEntry, PayoutLine
from app.domain.stipends.queries import Accrual, Books
from app.domain.stipends.rules import Account

CLAIMED_IN_THE_BOOKS = "claimed after all"


def expire(
    session: Session, books: Books, accruals: Sequence[Accrual], *, by: UUID | None
) -> list[UUID]:
    """Move what was owed into what nobody claimed in time; gives the entries by which it can be restored.

    Kept in the record as one act, without ids: single ones in their order would join what is one person's.

    Raises:
        AccrualChanged: some of it is no longer owed, or waits in a batch.
    """
    for participant_id in sorted({each.earner.participant_id for each in accruals}):
        lock(session, participant_id, programme_id=books.programme_id)
        wanted = {each.id for each in accruals if each.earner.participant_id == participant_id}
        if not wanted <= {each.id for each in stipends.owed_to(session, participant_id)}:
            raise AccrualChanged
    entries = []
    with settled_once(AccrualChanged):
        for accrual in sorted(accruals, key=lambda each: (each.entered_on, each.id)):
            entry_id = move(
                session,
                replace(books, site_id=accrual.site_id),
                accrual.amount.minor,
                debit=Account.STIPENDS_PAYABLE,
                credit=Account.STIPENDS_UNCLAIMED,
                holder=stipends.account_digest(session, accrual.earner),
                cause=(stipends.ENDED, accrual.id),
            )
            put(session, PayoutLine, stipends.line(session, accrual.id, entry_id))
            entries.append(entry_id)
    if entries:
        _note(session, books, "stipends.expired", by, [each.amount.minor for each in accruals])
    return entries


def restore(
    session: Session, books: Books, entry_ids: Sequence[UUID], *, by: UUID, reason: str
) -> list[UUID]:
    """Owe again what had expired; gives the new accruals.

    What someone typed for several stands in the record only: the same words on each would join a person's accounts.

    Raises:
        NotExpired: some of it was restored, written off or taken back before, or never expired.
    """
    entries = _expired(session, books, entry_ids)
    why = reason if len(entries) == 1 else CLAIMED_IN_THE_BOOKS
    accruals = [
        _end_expiry(
            session,
            books,
            entry,
            to=Account.STIPENDS_PAYABLE,
            cause=stipends.RESTORED,
            reason=why,
        )
        for entry in entries
    ]
    amounts = [each.amount_minor for each in entries]
    _note(session, books, "stipends.restored", by, amounts, reason=reason)
    return accruals


def write_off(
    session: Session,
    books: Books,
    entry_ids: Sequence[UUID],
    *,
    proposed_by: UUID,
    decided_by: UUID,
    reason: str,
) -> None:
    """Give up what had expired: it is no longer a liability. Nobody does that alone.

    Raises:
        WrittenOffAlone: one person proposed and decided it.
        NotExpired: some of it was restored, written off or taken back before, or never expired.
    """
    if proposed_by == decided_by:
        raise WrittenOffAlone
    entries = _expired(session, books, entry_ids)
    for entry in entries:
        entry_id = _end_expiry(
            session,
            books,
            entry,
            to=Account.WRITE_OFF,
            cause=stipends.WRITTEN_OFF,
            reason=reason,
        )
        put(
            session,
            WriteOff,
            {"entry_id": entry_id, "proposed_by": proposed_by, "decided_by": decided_by},
        )
    amounts = [each.amount_minor for each in entries]
    _note(session, books, "stipends.written_off", decided_by, amounts, reason=reason)


def _expired(session: Session, books: Books, entry_ids: Sequence[UUID]) -> list[LedgerEntry]:
    entries = list(
        session.scalars(
            select(LedgerEntry).where(
                LedgerEntry.id.in_(entry_ids),
                LedgerEntry.programme_id == books.programme_id,
                LedgerEntry.credit == Account.STIPENDS_UNCLAIMED,
                LedgerEntry.reverses.is_(None),
            )
        )
    )
    if len(entries) != len(set(entry_ids)) or stipends.was_paid(session, entry_ids):
        raise NotExpired
    return entries


def _end_expiry(
    session: Session, books: Books, entry: LedgerEntry, *, to: Account, cause: str, reason: str
) -> UUID:
    with settled_once(NotExpired):
        entry_id = move(
            session,
            replace(
                books, site_id=entry.site_id, protocol_id=entry.protocol_id or books.protocol_id
            ),
            entry.amount_minor,
            debit=Account.STIPENDS_UNCLAIMED,
            credit=to,
            holder=entry.holder_digest,
            cause=(cause, entry.id),
            reason=reason,
        )
        put(session, PayoutLine, stipends.line(session, entry.id, entry_id))
    return entry_id


def _note(
    session: Session,
    books: Books,
    act: str,
    by: UUID | None,
    amounts: Sequence[int],
    **facts: object,
) -> None:
    about = {"minor": sum(amounts), "currency": books.currency, "entries": len(amounts)}
    record(
        session,
        act,
        subject=books.site_id,
        staff_id=by,
        programme_id=books.programme_id,
        at=books.at,
        facts={**about, **facts},
    )
