"""Who may do what: a table, and nothing is allowed that is not in it."""

from enum import StrEnum

SHORTEST_PASSWORD = 12


class Role(StrEnum):
    INTAKE = "intake"
    HEALTH_EDUCATOR = "health_educator"
    COUPON_MANAGER = "coupon_manager"
    PROGRAMME_LEAD = "programme_lead"
    FINANCE = "finance"
    ADMINISTRATOR = "administrator"
    GATEWAY = "gateway"


class Permission(StrEnum):
    LOOK_UP_COUPON = "look_up_coupon"
    REDEEM = "redeem"
    TAKE_IN = "take_in"
    ISSUE_BUNDLE = "issue_bundle"
    ENROL_SEED = "enrol_seed"
    END_COUPON = "end_coupon"
    PRINT_PADS = "print_pads"
    ACCEPT_LATE = "accept_late"
    DECIDE_CONFLICT = "decide_conflict"
    SEE_REACH = "see_reach"
    SEE_CHAINS = "see_chains"
    SEE_SIGNALS = "see_signals"
    SEE_LEDGER = "see_ledger"
    PAY_STIPEND = "pay_stipend"
    FUND_FLOAT = "fund_float"
    COUNT_FLOAT = "count_float"
    OVERDRAW_FLOAT = "overdraw_float"
    PREPARE_PAYOUT = "prepare_payout"
    APPROVE_PAYOUT = "approve_payout"
    RELEASE_PAYOUT = "release_payout"
    CORRECT_LEDGER = "correct_ledger"
    CHANGE_SCHEDULE = "change_schedule"
    APPROVE_SCHEDULE = "approve_schedule"
    DRAW_LOTTERY = "draw_lottery"
    EDIT_PROGRAMME = "edit_programme"
    EDIT_STAFF = "edit_staff"
    EDIT_DEVICES = "edit_devices"
    SEE_MESSAGES = "see_messages"
    SEND_AGAIN = "send_again"
    WRITE_TEMPLATES = "write_templates"
    ANSWER_FEEDBACK = "answer_feedback"
    EDIT_CHANNELS = "edit_channels"
    EDIT_WEBHOOKS = "edit_webhooks"
    SEE_AUDIT = "see_audit"


_P = Permission
_DESK = {
    _P.LOOK_UP_COUPON,
    _P.REDEEM,
    _P.TAKE_IN,
    _P.ISSUE_BUNDLE,
    _P.PAY_STIPEND,
    _P.COUNT_FLOAT,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.INTAKE: frozenset(_DESK),
    Role.HEALTH_EDUCATOR: frozenset({_P.LOOK_UP_COUPON, _P.TAKE_IN}),
    Role.COUPON_MANAGER: frozenset(
        {
            *_DESK,
            _P.ENROL_SEED,
            _P.END_COUPON,
            _P.PRINT_PADS,
            _P.ACCEPT_LATE,
            _P.DECIDE_CONFLICT,
            _P.SEE_REACH,
            _P.EDIT_DEVICES,
            _P.OVERDRAW_FLOAT,
            _P.DRAW_LOTTERY,
            _P.SEE_MESSAGES,
            _P.SEND_AGAIN,
            _P.ANSWER_FEEDBACK,
        }
    ),
    Role.PROGRAMME_LEAD: frozenset(
        {
            _P.SEE_REACH,
            _P.SEE_CHAINS,
            _P.SEE_SIGNALS,
            _P.SEE_LEDGER,
            _P.EDIT_PROGRAMME,
            _P.SEE_AUDIT,
            _P.APPROVE_PAYOUT,
            _P.CHANGE_SCHEDULE,
            _P.APPROVE_SCHEDULE,
            _P.SEE_MESSAGES,
            _P.SEND_AGAIN,
            _P.WRITE_TEMPLATES,
            _P.ANSWER_FEEDBACK,
        }
    ),
    Role.FINANCE: frozenset(
        {
            _P.SEE_LEDGER,
            _P.PAY_STIPEND,
            _P.FUND_FLOAT,
            _P.COUNT_FLOAT,
            _P.OVERDRAW_FLOAT,
            _P.PREPARE_PAYOUT,
            _P.APPROVE_PAYOUT,
            _P.RELEASE_PAYOUT,
            _P.CORRECT_LEDGER,
            _P.CHANGE_SCHEDULE,
            _P.APPROVE_SCHEDULE,
            _P.DRAW_LOTTERY,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            _P.EDIT_STAFF,
            _P.EDIT_DEVICES,
            _P.EDIT_PROGRAMME,
            _P.SEE_AUDIT,
            _P.APPROVE_PAYOUT,
            _P.CHANGE_SCHEDULE,
            _P.SEE_MESSAGES,
            _P.SEND_AGAIN,
            _P.EDIT_CHANNELS,
            _P.EDIT_WEBHOOKS,
        }
    ),
    Role.GATEWAY: frozenset({_P.LOOK_UP_COUPON}),
}
