"""HTML for people: one file a screen, with a template and a script of the same name."""

from app.web.pages import (
    audit,
    chains,
    conflicts,
    costs,
    coupons,
    deliveries,
    desk,
    desk_shell,
    devices,
    estimates,
    flow,
    forecasts,
    help,  # noqa: A004 - the screen's name
    log_in,
    pads,
    programme,
    reach,
    reports,
    seeds,
    signals,
    staff,
    stipends,
    visit,
)

ROUTERS = tuple(
    module.router
    for module in (
        audit,
        chains,
        conflicts,
        costs,
        coupons,
        deliveries,
        desk,
        desk_shell,
        devices,
        estimates,
        flow,
        forecasts,
        help,
        log_in,
        pads,
        programme,
        reach,
        reports,
        seeds,
        signals,
        staff,
        stipends,
        visit,
    )
)
