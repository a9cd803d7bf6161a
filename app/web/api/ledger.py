from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from app.domain.programmes.queries import sites
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.queries import balances
from app.web.api.money import MoneyOut
from app.web.api.refusals import problems
from app.web.deps import Db, allowed

router = APIRouter(prefix="/api/v1/ledger", tags=["stipends"])


class AccountOut(BaseModel):
    site: str
    account: str
    balance: MoneyOut


class BalancesOut(BaseModel):
    accounts: list[AccountOut]


@router.get("/balances", responses=problems())
def show_balances(
    db: Db,
    actor: Annotated[Actor, Depends(allowed(Permission.SEE_LEDGER))],
    on: Annotated[
        date | None,
        Query(description="The day at whose end the books are to be told; without it, now."),
    ] = None,
) -> BalancesOut:
    """Every account that moved, by site, positive on its own side: what is owed and what is in the drawer."""
    with db.snapshot() as session:
        codes = {site.id: site.code for site in sites(session, actor.programme_id)}
        rows = balances(session, actor.programme_id, on=on)
    return BalancesOut(
        accounts=[
            AccountOut(
                site=codes[row.site_id], account=row.account.value, balance=MoneyOut.of(row.balance)
            )
            for row in rows
        ]
    )
