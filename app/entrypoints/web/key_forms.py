"""What is asked of whoever makes a key or replaces one."""

from datetime import datetime
from zoneinfo import ZoneInfo

from wtforms import DateField, Field, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from app.domain.accounts import key_rules
from app.domain.accounts.errors import KeyExpiryInvalid, KeyNameInvalid, TooManyKeys
from app.domain.accounts.key_rules import Expiry, KeyTerms, Overlap, Scope
from app.domain.accounts.rules import KEY_NAME_LENGTH_MAX
from app.entrypoints.languages import field_label
from app.entrypoints.web.forms import SentForm, spoken, visible
from app.entrypoints.web.once import FormSentTwice, OnceForm
from app.foundation.errors import DomainError
from app.foundation.sentences import say

SCOPES = {
    Scope.READ.value: say("Only read"),
    Scope.WRITE.value: say("Read and change"),
}
EXPIRIES = {
    Expiry.NEVER.value: say("Never"),
    Expiry.DAYS_30.value: say("After 30 days"),
    Expiry.DAYS_90.value: say("After 90 days"),
    Expiry.DAYS_365.value: say("After 365 days"),
    Expiry.ON_A_DAY.value: say("After a day that I choose"),
}
OVERLAPS = {
    Overlap.NONE.value: say("At once"),
    Overlap.HOUR.value: say("In 1 hour"),
    Overlap.DAY.value: say("In 24 hours"),
    Overlap.WEEK.value: say("In 7 days"),
}
MADE_ALREADY = say(
    "This form was sent before: its key is made, and was shown that once."
    " If you did not see it, revoke that key and make another one."
)


def name_field(example: str) -> StringField:
    """Return a field for what a key is known by."""
    return StringField(
        field_label("Name"),
        validators=[InputRequired(say("Give the key a name.")), Length(max=KEY_NAME_LENGTH_MAX)],
        filters=[visible],
        render_kw={"autocomplete": "off", "placeholder": example},
    )


class KeyForm(OnceForm):
    """What a new key is known by, what it may do, and how long."""

    name = name_field(field_label("Reporting script"))
    scope = SelectField(field_label("Permission"), choices=spoken(SCOPES), default=Scope.READ.value)
    expiry = SelectField(
        field_label("Expires"), choices=spoken(EXPIRIES), default=Expiry.DAYS_365.value
    )
    expires_on = DateField(field_label("Last day"), validators=[Optional()])

    @property
    def refusals(self) -> dict[type[DomainError], Field]:
        """Return at which field each refusal is said."""
        return {
            KeyNameInvalid: self.name,
            TooManyKeys: self.name,
            FormSentTwice: self.name,
            KeyExpiryInvalid: self.expires_on,
        }

    def terms(self, *, zone: ZoneInfo, now: datetime) -> KeyTerms:
        """Return what was chosen. Raises KeyExpiryInvalid."""
        return KeyTerms(
            name=self.name.data or "",
            scope=Scope(self.scope.data),
            expires_at=key_rules.expires_at(
                Expiry(self.expiry.data), day=self.expires_on.data, zone=zone, now=now
            ),
        )


class OverlapForm(SentForm):
    """When the old key ends."""

    overlap = SelectField(
        field_label("The old key ends"), choices=spoken(OVERLAPS), default=Overlap.DAY.value
    )

    @property
    def refusals(self) -> dict[type[DomainError], Field]:
        """Return at which field each refusal is said."""
        return {TooManyKeys: self.overlap}
