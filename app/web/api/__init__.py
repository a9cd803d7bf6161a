"""JSON for programs: one file a resource."""

from app.web.api import (
    bundles,
    chains,
    coupons,
    desk_sync,
    health,
    ledger,
    redemptions,
    seeds,
)

ROUTERS = tuple(
    module.router
    for module in (bundles, chains, coupons, desk_sync, health, ledger, redemptions, seeds)
)
