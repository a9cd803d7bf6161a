"""The menu: address, name, and who sees it. A page for everyone has no permission."""

from app.core.i18n import N_
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
    ("/programme", N_("Programme"), Permission.EDIT_PROGRAMME),
    ("/devices", N_("Devices"), Permission.EDIT_DEVICES),
    ("/staff", N_("Staff"), Permission.EDIT_STAFF),
    ("/audit", N_("Record"), Permission.SEE_AUDIT),
    ("/help", N_("Help"), None),
)


def menu_for(actor: Actor | None) -> list[tuple[str, str]]:
    """What someone may open, in the menu's order."""
    if actor is None:
        return []
    return [(path, name) for path, name, needed in MENU if needed is None or actor.may(needed)]
