"""What refusals, roles, accounts and acts are called by people: one line each, here in English and in every catalogue."""

from app.core.errors import DomainError
from app.core.i18n import N_, translations
from app.domain.staff.rules import Role
from app.domain.stipends.rules import Account

ROLES: dict[Role, str] = {
    Role.INTAKE: N_("Intake"),
    Role.HEALTH_EDUCATOR: N_("Health educator"),
    Role.COUPON_MANAGER: N_("Coupon manager"),
    Role.PROGRAMME_LEAD: N_("Programme lead"),
    Role.FINANCE: N_("Finance"),
    Role.ADMINISTRATOR: N_("Administrator"),
    Role.GATEWAY: N_("Message gateway"),
}

DONE: dict[str, str] = {
    "logged_out": N_("You have logged out."),
    "protocol_adopted": N_("The new rules apply from now on."),
    "site_opened": N_("The site is open."),
    "staff_removed": N_("The log-in was removed, with its sessions and keys."),
    "keys_ended": N_("These keys no longer work."),
    "float_funded": N_("The money was put into the cash float."),
    "card_redeemed": N_("The card is redeemed."),
    "cards_made": N_("The cards are made."),
    "coupon_ended": N_("The card is out of use."),
    "scan_taken_back": N_("The scan was taken back. The card can be used again."),
    "conflict_decided": N_("The decision is kept."),
    "delivery_booked": N_("It is booked now."),
    "deliveries_booked": N_("What could be booked by now is booked."),
    "deliveries_not_booked": N_("None of these can be booked yet."),
    "delivery_noted": N_("It is noted and off the list."),
    "pads_voided": N_("The printed cards are cancelled."),
    "device_enrolled": N_("The device is enrolled."),
    "device_locked": N_("The device is locked."),
    "device_renamed": N_("The device has its new name."),
    "enrolment_called_off": N_("The enrolment is called off. Its code no longer works."),
    "signal_aside": N_("The pattern is set aside, with your note."),
    "signal_again": N_("The pattern is back among those to look at."),
    "contact_kept": N_("It is kept how this person wants to be paid."),
    "contact_removed": N_("The number and what was kept with it are gone."),
    "own_card_given": N_("The person's own card is ready."),
    "own_card_ended": N_("The person's own card no longer works."),
    "pin_set": N_("The new PIN works from now on."),
    "expired_restored": N_("It is owed again and can be collected."),
    "write_off_asked": N_("Someone else decides about it now."),
    "write_off_approved": N_("It is written off."),
    "write_off_refused": N_("It is not written off and can still be given back."),
}

ACCOUNTS: dict[Account, str] = {
    Account.FUNDING: N_("Put in by the programme"),
    Account.CASH_FLOAT: N_("Cash float"),
    Account.BANK: N_("Bank and mobile money"),
    Account.CLEARING: N_("On its way"),
    Account.BETWEEN_SITES: N_("Between sites"),
    Account.STIPENDS_HELD: N_("Waiting for a visit"),
    Account.STIPENDS_PAYABLE: N_("Owed"),
    Account.STIPENDS_UNCLAIMED: N_("Past its time to claim"),
    Account.EXPENSE_PRIMARY: N_("Earned for taking part"),
    Account.EXPENSE_RECRUITMENT: N_("Earned for recruits"),
    Account.EXPENSE_EDUCATION: N_("Earned for teaching"),
    Account.EXPENSE_STEERING: N_("Earned for who was reached"),
    Account.EXPENSE_LOTTERY: N_("Won in draws"),
    Account.CASH_VARIANCE: N_("Differences found in counts"),
    Account.WRITE_OFF: N_("Written off"),
    Account.CASH_LOSS: N_("Handed out without being owed"),
}

# The same in a sentence, for whoever never kept books.
ABOUT_ACCOUNTS: dict[Account, str] = {
    Account.FUNDING: N_("Money the programme has put into its cash floats and its bank account."),
    Account.CASH_FLOAT: N_("Notes and coins at the site."),
    Account.BANK: N_("The programme's money at its bank and with its mobile money provider."),
    Account.CLEARING: N_("Sent out in a batch; nobody has confirmed yet that it arrived."),
    Account.BETWEEN_SITES: N_("Paid at one site for another, or cash on the way between them. All sites together it comes to nothing."),
    Account.STIPENDS_HELD: N_("A reward that becomes owed when the visit of the person invited is complete."),
    Account.STIPENDS_PAYABLE: N_("Earned, and not paid yet. It belongs to the person who earned it."),
    Account.STIPENDS_UNCLAIMED: N_("Was owed, and nobody fetched it within the time the rules give. It can still be given back."),
    Account.EXPENSE_PRIMARY: N_("Fees for taking part in a visit."),
    Account.EXPENSE_RECRUITMENT: N_("Rewards for having invited someone who came."),
    Account.EXPENSE_EDUCATION: N_("Rewards for what the person invited had learnt."),
    Account.EXPENSE_STEERING: N_("Rewards for reaching people whom the programme looks for most."),
    Account.EXPENSE_LOTTERY: N_("Prizes of the draws."),
    Account.CASH_VARIANCE: N_("What a count of the cash found missing or too much."),
    Account.WRITE_OFF: N_("Given up by two people together: money nobody fetched, or cash that is gone."),
    Account.CASH_LOSS: N_("Handed out without a network, and not owed after all."),
}  # fmt: skip

# What the record calls an act, and what people do.
ACTS: dict[str, str] = {
    "analysis.cancelled": N_("Stopped a calculation"),
    "analysis.read": N_("Read a calculated report"),
    "analysis.requested": N_("Asked for a calculation"),
    "api_key.ended": N_("Ended someone's keys"),
    "api_key.made": N_("Made a key for software"),
    "bundle.issued": N_("Issued a set of coupons"),
    "chain.exported": N_("Took a chain away as a file"),
    "chain.viewed": N_("Opened a chain"),
    "conflict.decided": N_("Decided who a coupon belongs to"),
    "claim_card.ended": N_("Took a person's own card out of use"),
    "claim_card.given": N_("Gave a person a card of their own"),
    "claim_card.pin_locked": N_("Five wrong PINs locked a card"),
    "claim_card.pin_set": N_("Let a person choose another PIN"),
    "claim_card.replaced": N_("Replaced a person's own card"),
    "contact.kept": N_("Kept how a person wants to be paid"),
    "contact.removed": N_("Removed a person's telephone number"),
    "coupon.conflict": N_("Took in a coupon that was used elsewhere"),
    "coupon.ended": N_("Ended a coupon"),
    "coupon.redeemed": N_("Accepted a coupon"),
    "delivery.booked": N_("Booked what a device had sent before"),
    "delivery.noted": N_("Noted what a device had sent and could not be booked"),
    "delivery.viewed": N_("Opened what a device had sent"),
    "device.called_off": N_("Called the enrolment of a device off"),
    "device.enrolled": N_("Enrolled a device"),
    "device.known_again": N_("Knew a device again that was enrolled after the backup"),
    "device.enrolment_begun": N_("Let a device be enrolled"),
    "device.renamed": N_("Renamed a device"),
    "device.revoked": N_("Locked a device"),
    "device.wiped": N_("A locked device was wiped"),
    "duplicate.decided": N_("Decided whether someone came before"),
    "fee.handed_out_offline": N_("Handed out money without a network"),
    "float.funded": N_("Put money into a float"),
    "pad.promised": N_("Kept a pad for someone"),
    "pad.voided": N_("Cancelled a pad"),
    "pads.ordered": N_("Asked for cards to be printed"),
    "pads.printed": N_("Took printed cards away as a file"),
    "pads.stopped": N_("Stopped a printing of cards"),
    "pads.voided": N_("Cancelled a printing of cards"),
    "protocol.adopted": N_("Adopted new rules"),
    "redemption.taken_back": N_("Took a scan back"),
    "scan.refused": N_("Refused a coupon"),
    "seed.enrolled": N_("Enrolled a seed"),
    "server.restored": N_("Put a backup back"),
    "signal.set_aside": N_("Set a pattern aside"),
    "signal.taken_up": N_("Took a pattern up again"),
    "signals.exported": N_("Took the patterns away as a file"),
    "signals.viewed": N_("Opened the page of patterns"),
    "site.opened": N_("Opened a site"),
    "staff.added": N_("Gave someone a log-in"),
    "staff.logged_in": N_("Logged in"),
    "staff.logged_out": N_("Logged out"),
    "staff.removed": N_("Removed a log-in"),
    "visit.consent_asked": N_("Asked for consent"),
    "visit.interviewed": N_("Did an interview"),
    "visit.screened": N_("Checked eligibility"),
    "visit.test_scored": N_("Scored a knowledge test"),
    "visit.trained": N_("Trained a participant"),
    "walk_in.taken_back": N_("Took back that someone had come"),
    "walk_in.welcomed": N_("Welcomed someone without a coupon"),
}

ERRORS: dict[str, str] = {
    # coupons at the desk
    "unknown_coupon": N_("This card is not known. Please check the digits; the person can be served without it."),
    "mistyped_code": N_("A digit was mistyped. Please check the code and type it again."),
    "not_yet_active": N_("This card cannot be used yet."),
    "expired": N_("This card is past its last day. The person can be served without it."),
    "already_redeemed": N_("This card was used before."),
    "void": N_("This card was cancelled. The person can be served without it."),
    "lost": N_("This card was reported lost. The person can be served without it."),
    "wrong_programme": N_("This card belongs to another programme."),
    "self_recruitment": N_("This card was given to the same person who brought it. It earns no reward; the person can be served."),
    "duplicate_participant": N_("Someone with the same code was enrolled before. Please ask whether it is the same person."),
    "coupon_is_final": N_("What became of this card can no longer be changed."),
    "unknown_bundle": N_("There is no such set of cards."),
    "bundle_already_issued": N_("This person has had their cards. Lost ones are not replaced."),
    "target_reached": N_("The programme has reached its target and gives out no more cards."),
    "unknown_pad": N_("These are not printed cards of this programme. Please scan a card of a pad."),
    "pad_already_given": N_("These printed cards belong to someone already. Please take another pad."),
    "pad_void": N_("These printed cards were cancelled. Please take another pad."),
    "unknown_batch": N_("There is no such printing."),
    "bad_batch": N_("Up to a thousand pads can be printed in one go, with one to six cards in a pad."),
    "batch_stopped": N_("This printing was stopped, and its cards count nowhere."),
    "scan_id_reused": N_("This scan number was used for another card."),
    "unknown_scan": N_("There is no such scan in this programme."),
    "undo_over": N_("A scan can be taken back for five minutes by whoever made it. Please ask a coupon manager."),
    "holds_coupons": N_("The person has been given cards to pass on, so this scan can no longer be taken back."),
    "person_already_here": N_("This person is here already. Please go on with the visit that was begun."),
    "late_reason_needed": N_("Please give the reason for accepting a card after its last day."),
    # the visit
    "unknown_participant": N_("There is no such person in this programme."),
    "bad_participant": N_("Please check what was entered about the person."),
    "bad_service": N_("Please check the quantity or state of the service."),
    "bad_answers": N_("Some questions have no answer yet."),
    "not_ready_for_bundle": N_("Some steps of the visit are missing before there can be cards to pass on."),
    "not_ready_for_step": N_("Another step of the visit comes first."),
    "test_already_scored": N_("This test has been scored and can no longer be changed."),
    # conflicts and money
    "unknown_conflict": N_("There is no such open question."),
    "unknown_chain": N_("There is no chain of this name."),
    "unknown_signal": N_("This pattern is no longer there: new records have evened it out."),
    "own_signal": N_("This is about your own work. Please let another programme lead look at it."),
    "unknown_analysis": N_("There is no such calculation. Results are kept for forty days."),
    "bad_analysis": N_("This cannot be calculated as it was asked. Please choose again."),
    "too_many_analyses": N_("Many calculations are waiting already. Please wait until some are done, or stop one."),
    "no_population_size": N_("This needs the size of the population. Give a number, however rough, and see how much depends on it."),
    "population_too_small": N_("The population cannot be smaller than the people who were reached already."),
    "too_few_people": N_("Estimates begin with five women and five others whose sex is known: with fewer, the figures would be of single people."),
    "no_participants": N_("Nobody has come yet, so there is nothing to calculate from."),
    "no_recruits": N_("Nobody has brought anybody yet, and this kind of interval goes by who brought whom."),
    "no_coupons_matured": N_("A forecast begins when some coupons that came back have had all their days: until then nobody knows how many come."),
    "bad_plan": N_("A plan cannot have a number below zero, or begin in the past."),
    "unknown_kind": N_("The worker does not know this kind of calculation; it may be older than the rest of the program."),
    "no_result": N_("The calculation came to no result. Please ask again."),
    "workers_lost": N_("The calculation was begun several times and never came to its end. Please ask for less."),
    "waits_for_decision": N_("Someone came before with the same code. Cards and payments wait until a coupon manager has decided."),
    "conflict_decided": N_("This was decided before."),
    "conflict_cannot_move": N_("The first person already holds cards of their own, so the card has to count for the first."),
    "reason_needed": N_("Please give a reason. It is kept with the decision."),
    "nothing_to_pay": N_("There is nothing to pay to this person now."),
    "reward_already_paid": N_("The reward was already paid and cannot be taken back."),
    "bad_amount": N_("Please enter an amount above zero."),
    "payment_id_reused": N_("This payment number was used for another payment."),
    # how people claim
    "bad_number": N_("This is no telephone number here. Please check it, or begin it with + and the country's code."),
    "number_needed": N_("For this way of being paid a telephone number is needed."),
    "unknown_language": N_("The programme does not use this language."),
    "bad_pin": N_("A PIN has four to six digits."),
    "weak_pin": N_("This PIN would be tried first by anyone. Please choose one that is less easy: no row, no year, nothing repeated."),
    "pins_differ": N_("The two PINs are not the same. Please type them again."),
    "not_a_claim_card": N_("This cannot be a person's own card. Please scan it again or type its 12 digits."),
    "unknown_claim_card": N_("This card is not in use. It may have been replaced; the person's own code works too."),
    "wrong_pin": N_("This is not the PIN of the card."),
    "pin_locked": N_("Too many wrong PINs: the card is locked. The person can say their own code, and choose another PIN."),
    "too_many_misses": N_("Too many cards and PINs were wrong at this site. Please wait for the next hour, or ask for the person's own code."),
    "no_claim_card": N_("This person has no card of their own in use."),
    "not_her_code": N_("This is not the code the person gave. A coupon manager can set a new PIN too."),
    "nothing_expired": N_("This was given back or written off before."),
    "unknown_write_off": N_("There is no such request."),
    "write_off_decided": N_("This was decided before."),
    "write_off_by_same_person": N_("Whoever asked for it cannot approve it. Please let someone else decide."),
    "write_off_changed": N_("Some of it was given back meanwhile. Please ask again with what is left."),
    # files to take away and to bring back
    "too_long_for_paper": N_("This table is too long to be printed. Please take it as CSV or XLSX, or choose a shorter time."),
    # programmes and staff
    "unknown_programme": N_("There is no such programme."),
    "unknown_site": N_("There is no such site in this programme."),
    "bad_site": N_("Please check what was entered about the site."),
    "bad_protocol": N_("One of the rules cannot be used as written."),
    "wrong_log_in": N_("User name or password is wrong."),
    "not_logged_in": N_("Please log in."),
    "not_allowed": N_("Your role does not include this."),
    "username_taken": N_("This user name is taken."),
    "weak_password": N_("The password is too short: at least 12 characters."),
    "own_log_in": N_("Nobody can remove their own log-in. Please ask another administrator."),
    "unknown_staff": N_("There is no such person on the staff."),
    # devices
    "unreadable_event": N_("This cannot be read: it was damaged on the way, or was meant for another server. Nothing of it was kept."),
    "unknown_event": N_("The app on the device is of another version, and this server cannot read what it entered."),
    "unknown_delivery": N_("This has been dealt with already, or there is nothing like it."),
    "unknown_device": N_("This server does not know the device. Please enrol it again; what waits on it is kept and will be sent."),
    "device_revoked": N_("This device was locked. What was done with it is kept and will be sent."),
    "enrolment_over": N_("This enrolment was used or is too old. Please ask for a new one."),
    "device_not_found": N_("There is no such device."),
    "bad_device": N_("Please check what was entered about the device."),
    # the doors themselves
    "wrong_origin": N_("This form was open too long or came from another page. Please go back and try again."),
    "invalid_request": N_("Something in the request is missing or not as it should be."),
    "not_found": N_("There is nothing at this address."),
    "method_not_allowed": N_("This address does not take that kind of request."),
    "body_too_large": N_("What was sent is too large."),
    "try_again": N_("Someone else was quicker. Please look again."),
    "unavailable": N_("The records cannot be reached right now. Nothing was lost; please try again in a moment."),
    "internal_error": N_("Something went wrong on our side. Nothing was half done; please try again."),
}  # fmt: skip

# Where one code is refused for a reason that wants words of its own.
REASONS: dict[tuple[str, str], str] = {
    ("bad_device", "missing"): N_("Please give the device a name."),
    ("bad_device", "too_long"): N_("Please choose a shorter name."),
    ("bad_device", "cannot_redeem"): N_("Please choose someone who takes people in at the desk."),
    ("bad_device", "other_site"): N_("This person works at another site. Please choose that site."),
    ("bad_device", "missing_site"): N_(
        "This person works at every site. Please choose the one where the device is used."
    ),
    ("bad_device", "not_yours"): N_("Please choose your own site."),
    ("mistyped_code", "own_card"): N_(
        "This is a person's own card: it is for collecting payments and brings nobody."
    ),
    ("not_a_claim_card", "coupon"): N_(
        "This card is for bringing someone. It does not tell whose it is, so nothing can be collected with it."
    ),
    ("not_a_claim_card", "check_digit"): N_(
        "A digit was mistyped. Please check the code and type it again."
    ),
    ("not_a_claim_card", "empty"): N_("Nothing was read. Please scan the card or type its digits."),
    ("mistyped_code", "training"): N_("This is a training card: it counts nowhere."),
}


def words_of(refusal: DomainError) -> str:
    """What a refusal is called, in English."""
    return _words(refusal.code, refusal.facts.get("reason"))


def text_of(code: str, language: str, *, reason: object = None) -> str:
    """What a refusal is called in a language."""
    return translations(language).gettext(_words(code, reason))


def _words(code: str, reason: object) -> str:
    return REASONS.get((code, str(reason))) or ERRORS.get(code, ERRORS["internal_error"])
