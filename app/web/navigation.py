"""The menu: address, name, and who sees it. A page for everyone has no permission."""

from app.core.i18n import N_
from app.domain.alerts.rules import NEEDED
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission

MENU: tuple[tuple[str, str, Permission | None], ...] = (
    ("/desk", N_("Desk"), Permission.LOOK_UP_COUPON),
    ("/seeds", N_("Seeds"), Permission.ENROL_SEED),
    ("/coupons", N_("Coupons"), Permission.END_COUPON),
    ("/pads", N_("Printed cards"), Permission.PRINT_PADS),
    ("/conflicts", N_("Conflicts"), Permission.DECIDE_CONFLICT),
    ("/reach", N_("Reach"), Permission.SEE_REACH),
    ("/chains", N_("Chains"), Permission.SEE_CHAINS),
    ("/reports", N_("Reports"), Permission.SEE_CHAINS),
    ("/signals", N_("Patterns"), Permission.SEE_SIGNALS),
    ("/stipends", N_("Stipends"), Permission.SEE_LEDGER),
    ("/messages", N_("Messages"), Permission.SEE_MESSAGES),
    ("/programme", N_("Programme"), Permission.EDIT_PROGRAMME),
    ("/devices", N_("Devices"), Permission.EDIT_DEVICES),
    ("/staff", N_("Staff"), Permission.EDIT_STAFF),
    ("/audit", N_("Record"), Permission.SEE_AUDIT),
    ("/help", N_("Help"), None),
)

# The pages about money, each for whoever has one of these permissions.
STIPENDS: tuple[tuple[str, str, frozenset[Permission]], ...] = (
    ("/stipends", N_("Overview"), frozenset({Permission.SEE_LEDGER})),
    ("/stipends/batches", N_("Batches"), frozenset({Permission.APPROVE_PAYOUT})),
    ("/stipends/unclaimed", N_("Unclaimed"), frozenset({Permission.SEE_LEDGER})),
    ("/stipends/floats", N_("Cash"), frozenset({Permission.SEE_LEDGER})),
    ("/stipends/payouts", N_("Payouts"), frozenset({Permission.SEE_LEDGER})),
    ("/stipends/entries", N_("Entries"), frozenset({Permission.SEE_LEDGER})),
    ("/stipends/costs", N_("Costs"), frozenset({Permission.SEE_LEDGER})),
    (
        "/stipends/lottery",
        N_("Draws"),
        frozenset({Permission.SEE_LEDGER, Permission.DRAW_LOTTERY}),
    ),
    ("/programme/stipends", N_("Rules"), frozenset({Permission.CHANGE_SCHEDULE})),
    (
        "/stipends/profiles",
        N_("Payment files"),
        frozenset({Permission.PREPARE_PAYOUT, Permission.APPROVE_SCHEDULE}),
    ),
)

# The pages about messages, in the same way: a line for each page that is there.
MESSAGES: tuple[tuple[str, str, frozenset[Permission]], ...] = (
    ("/messages", N_("Overview"), frozenset({Permission.SEE_MESSAGES})),
    ("/messages/conversations", N_("Conversations"), frozenset({Permission.SEE_MESSAGES})),
    ("/messages/simulator", N_("Telephone to try"), frozenset({Permission.SEE_MESSAGES})),
    ("/messages/templates", N_("Words"), frozenset({Permission.WRITE_TEMPLATES})),
    ("/messages/channels", N_("Channels"), frozenset({Permission.EDIT_CHANNELS})),
    ("/messages/feedback", N_("Feedback"), frozenset({Permission.ANSWER_FEEDBACK})),
    ("/messages/webhooks", N_("Other systems"), frozenset({Permission.EDIT_WEBHOOKS})),
    ("/messages/alerts", N_("My alerts"), frozenset().union(*NEEDED.values())),
)


def menu_for(actor: Actor | None) -> list[tuple[str, str]]:
    """What someone may open, in the menu's order. Who may not open the first page about money is led to the next."""
    if actor is None:
        return []
    stipends = [path for path, _ in stipends_for(actor)]
    return [
        (stipends[0] if path == "/stipends" else path, name)
        for path, name, needed in MENU
        if needed is None or actor.may(needed) or (path == "/stipends" and stipends)
    ]


def stipends_for(actor: Actor | None) -> list[tuple[str, str]]:
    """The pages about money that someone may open."""
    return _open_to(actor, STIPENDS)


def messages_for(actor: Actor | None) -> list[tuple[str, str]]:
    """The pages about messages that someone may open."""
    return _open_to(actor, MESSAGES)


def _open_to(
    actor: Actor | None, pages: tuple[tuple[str, str, frozenset[Permission]], ...]
) -> list[tuple[str, str]]:
    return [(path, name) for path, name, needed in pages if actor and actor.permissions & needed]
