"""The weeks to come: where a programme stands, what it plans, and futures drawn from what has been seen."""
