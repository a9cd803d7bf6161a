"""JSON for programs: one file a resource."""

from app.web.api import (
    analyses,
    bundles,
    chain_summary,
    chains,
    coupons,
    desk_devices,
    desk_events,
    desk_sync,
    desk_visits,
    estimates,
    flow,
    health,
    ledger,
    redemptions,
    seeds,
)

ROUTERS = tuple(
    module.router
    for module in (
        analyses,
        bundles,
        chain_summary,
        chains,
        coupons,
        desk_devices,
        desk_events,
        desk_sync,
        desk_visits,
        estimates,
        flow,
        health,
        ledger,
        redemptions,
        seeds,
    )
)
