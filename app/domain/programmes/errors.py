from app.core.errors import DomainError, Kind


class UnknownProgramme(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_programme"


class UnknownSite(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_site"


class BadProtocol(DomainError):
    kind, code = Kind.INVALID, "bad_protocol"


class BadSite(DomainError):
    kind, code = Kind.INVALID, "bad_site"


class NeedsSecondPerson(DomainError):
    """What is paid, and how, changes only by a proposal that someone else approves."""

    kind, code = Kind.CONFLICT, "needs_second_person"


class UnknownProposal(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_proposal"


class NothingChanges(DomainError):
    kind, code = Kind.INVALID, "nothing_changes"


class OwnProposal(DomainError):
    kind, code = Kind.FORBIDDEN, "own_proposal"


class NotYourProposal(DomainError):
    kind, code = Kind.FORBIDDEN, "not_your_proposal"


class ProposalDecided(DomainError):
    kind, code = Kind.CONFLICT, "proposal_decided"


class ProposalOutdated(DomainError):
    """What it would change has changed since it was made."""

    kind, code = Kind.CONFLICT, "proposal_outdated"
