"""Why an account or a key may be refused."""

from app.foundation.errors import DomainError, Kind


class UnknownAccount(DomainError):
    """No account has this id."""

    kind = Kind.NOT_FOUND


class DeletionAsked(DomainError):
    """The account is to be deleted already."""

    kind = Kind.CONFLICT


class DeletionNotAsked(DomainError):
    """Nobody has asked for the account to be deleted."""

    kind = Kind.CONFLICT


class DeletionPending(DomainError):
    """Nothing is bought for an account that is to be deleted."""

    kind = Kind.CONFLICT


class InvoicesUnpaid(DomainError):
    """Invoices have to be paid before the account may be deleted."""

    kind = Kind.CONFLICT


class EmailTaken(DomainError):
    """An account with this mail address stands already."""

    kind = Kind.CONFLICT


class UserIdTaken(DomainError):
    """An account with this id stands already."""

    kind = Kind.CONFLICT


class RealAccountsPresent(DomainError):
    """There are accounts of real people, which the demo must not stand beside."""

    kind = Kind.CONFLICT


class UserIdInvalid(DomainError):
    """The id is empty, too long, or holds characters that no id holds."""


class EmailInvalid(DomainError):
    """This is not a mail address."""


class PasswordTooShort(DomainError):
    """The password has fewer than 8 characters."""


class PasswordTooLong(DomainError):
    """The password has more than 1,024 characters."""


class PasswordInvalid(DomainError):
    """The password holds broken characters, which cannot be hashed."""


class PasswordTooPopular(DomainError):
    """The password is among those that everybody tries first."""


class PasswordLikeAddress(DomainError):
    """The password is hardly more than the account's mail address."""


# All that may be wrong with a password that somebody chooses.
PASSWORD_REFUSALS = (
    PasswordTooShort,
    PasswordTooLong,
    PasswordInvalid,
    PasswordTooPopular,
    PasswordLikeAddress,
)


class TimezoneUnknown(DomainError):
    """No IANA time zone has this name."""


class WrongCredentials(DomainError):
    """Mail address and password do not belong together."""

    kind = Kind.UNAUTHENTICATED


class CodeWanted(DomainError):
    """A second factor was switched on while somebody signed in without one."""

    kind = Kind.UNAUTHENTICATED


class PasswordWrong(DomainError):
    """Whoever is signed in entered a password that is not his."""


class LinkInvalid(DomainError):
    """A link from a mail was used already, has expired, or was never ours."""

    kind = Kind.NOT_FOUND


class LinkSentLately(DomainError):
    """Such a mail was sent less than a minute ago."""

    kind = Kind.TOO_MANY


class EmailUnchanged(DomainError):
    """The account has this mail address already."""


class EmailChangeNotWaiting(DomainError):
    """No change of the mail address waits for this."""

    kind = Kind.CONFLICT


class CodeWrong(DomainError):
    """A code of the second factor is wrong, too old, or was used already."""


class FactorOnAlready(DomainError):
    """The account has a second factor already."""

    kind = Kind.CONFLICT


class FactorNotBegun(DomainError):
    """There is no secret that waits for its first code."""

    kind = Kind.CONFLICT


class FactorWantsVerifiedEmail(DomainError):
    """Nobody has shown yet that the account's mail address is his."""

    kind = Kind.CONFLICT


class FactorUnreadable(DomainError):
    """The secret was sealed with a key that this installation no longer has."""


class UnknownSession(DomainError):
    """The account has no such session, or it has ended."""

    kind = Kind.NOT_FOUND


class KeyUnknown(DomainError):
    """The key is none of ours, was mistyped, revoked, or has expired."""

    kind = Kind.UNAUTHENTICATED


class UnknownKey(DomainError):
    """There is no key with this id that the caller might see."""

    kind = Kind.NOT_FOUND


class KeyNameInvalid(DomainError):
    """A key's name is empty or too long."""


class KeyExpiryInvalid(DomainError):
    """A key would end before it begins, or too far in the future."""


class KeyEnded(DomainError):
    """The key was revoked or has expired: nothing can take its place any more."""

    kind = Kind.CONFLICT


class KeyReplacedAlready(DomainError):
    """Another key has taken this one's place already."""

    kind = Kind.CONFLICT


class TooManyKeys(DomainError):
    """There are as many keys that work as there may be."""

    kind = Kind.CONFLICT


class KeyLimitInvalid(DomainError):
    """A gateway's key is limited to too many accounts, or to some that do not exist."""


class AttributionOutsideLimits(DomainError):
    """A gateway's key would bill an account that it may not speak of."""


class AttributionFieldUnknown(DomainError):
    """No wire format has a field of this name that may name an account."""


class AttributionFieldRepeated(DomainError):
    """Two fields of one wire format would name the account."""


class TaxIdMissing(DomainError):
    """The account has no tax id that could be approved."""

    kind = Kind.CONFLICT


class ReasonInvalid(DomainError):
    """An operator's reason is empty, too long, or holds characters that cannot be stored."""


class CreditLimitInvalid(DomainError):
    """A credit limit is negative or too large."""
