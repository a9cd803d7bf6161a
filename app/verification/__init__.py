"""What must hold in the database at every moment, as checks that look for what does not.

Each says what it looked at and yields a sentence for every fault; none changes anything. To add one: write a
function that yields faults, give it a line in ``CHECKS``.
"""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from app.domain.audit import queries as audit
from app.verification import (
    analyses,
    batches,
    channels,
    claims,
    coupons,
    files,
    floats,
    forest,
    lottery,
    money,
    pads,
    record,
    telephone,
    webhooks,
)

CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "key: it is the one this database was made with": files.key,
    "tables: whole, and every reference leads somewhere": files.whole,
    "guards: what is append-only cannot be changed": files.guards,
    "states: every word is one of its list": files.states,
    "seals: everything sealed opens with the key": files.seals,
    "ledger: every entry balances, in its programme's currency": money.entries,
    "reversals: each undoes exactly what it reverses": money.reversals,
    "payouts: each is the sum of its lines and stands in the ledger": money.payouts,
    "accounts: nobody was paid or released more than was owed or held": money.accounts,
    "clearing: what was sent has arrived, is owed again or is on its way": money.clearing,
    "sites: what one paid for another stands in both books": money.sites,
    "floats: the cash of every site is what its entries say": money.floats,
    "reservations: what waits in a batch is owed": money.reservations,
    "batches: signed by different people, as the record says": batches.signatures,
    "frozen batches: what was approved is what there is": batches.frozen,
    "lines of batches: each is the sum of what it names, and names it once": batches.lines,
    "ends of batches: what became of a line stands in the ledger": batches.states,
    "kept aside: only for lines that wait": batches.reserved,
    "files that came back: each was booked once": batches.answer_files,
    "write-offs: two people gave up what was not claimed": money.write_offs,
    "cash counts: each adds up, and what differs stands in the ledger": floats.counts,
    "cash variances: each was found by a count or decided": floats.variances,
    "cash handovers: from one person to another, each step by whose it is": floats.handovers,
    "cash write-offs: what two people gave up is what was asked for": floats.write_offs,
    "own cards: one in use for each, found by what is printed on it": claims.cards,
    "channels: two secrets at most, each found by what is sealed of it": channels.secrets,
    "callers: found by their number, or nobody": channels.callers,
    "telephone numbers: each is found for whoever gave it": claims.numbers,
    "given up: all that two people approved": claims.write_offs,
    "coupons: one is redeemed exactly when a redemption was accepted": coupons.redeemed,
    "redemptions: one accepted for a coupon": coupons.once,
    "bundles: each holds the coupons it says": coupons.bundles,
    "pads: the cards of a given one are one bundle's coupons, of any other nobody's": pads.given,
    "cards of pads: each is on one pad, and not drawn again": pads.reserved,
    "holders: one bundle for each": coupons.holders,
    "recruits: each came by the coupon of her recruiter": coupons.recruits,
    "forest: every recruiter is there, and nobody recruited her own line": forest.rooted,
    "waves: each is the recruiter's and one more": forest.waves,
    "knowledge tests: every score is that of its answers": record.scores,
    "conflicts: what was decided is what stands": record.conflicts,
    "answers: what a desk was told has kept its meaning": record.answers,
    "mistakes: whoever never was here has nothing": record.mistaken,
    "same codes: nothing is owed for anyone who may be someone else": record.alike,
    "draws: each can be repeated from what was promised": lottery.draws,
    "prizes: each winning ticket stands in the ledger once": lottery.prizes,
    "proposals: rules about money are what two people agreed on": lottery.proposals,
    "analyses: each has what its state says": analyses.runs,
    "feedback: said, answered and read in this order": telephone.feedback,
    "announced visits: each for a site of its programme": telephone.announcements,
    "appointments: with someone of the programme who was here": telephone.appointments,
    "numbers of staff: of nobody who has left": telephone.staff_numbers,
    "signing keys: one for each system, and at most the one before": webhooks.keys,
    "webhooks: each has what its state says": webhooks.deliveries,
    "audit record: whole and as it was written": audit.faults,
}
