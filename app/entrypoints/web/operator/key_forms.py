"""What is asked of an operator who makes a key."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from wtforms import Field, SelectField, StringField
from wtforms.widgets import TextArea

from app.domain.accounts.errors import (
    AttributionFieldRepeated,
    AttributionFieldUnknown,
    AttributionOutsideLimits,
    KeyLimitInvalid,
    UnknownAccount,
)
from app.domain.accounts.key_rules import Expiry, KeyTerms, Scope
from app.entrypoints.languages import field_label
from app.entrypoints.web.forms import spoken, visible
from app.entrypoints.web.key_forms import EXPIRIES, KeyForm, name_field
from app.entrypoints.web.operator.fields import Lines
from app.foundation.errors import DomainError
from app.foundation.sentences import say

GATEWAY_SCOPES = {
    Scope.WRITE.value: say("Read and report usage"),
    Scope.READ.value: say("Only read"),
}


class OperatorKeyForm(KeyForm):
    """A key for an operator's own programs."""


class GatewayKeyForm(KeyForm):
    """A gateway's key: of which accounts it may speak, and whom it bills for events of others."""

    name = name_field(field_label("Gateway in Frankfurt"))
    scope = SelectField(
        field_label("Permission"), choices=spoken(GATEWAY_SCOPES), default=Scope.WRITE.value
    )
    # What a gateway that stands still cannot report is lost.
    expiry = SelectField(
        field_label("Expires"), choices=spoken(EXPIRIES), default=Expiry.NEVER.value
    )
    limited_to = Lines(
        field_label("Only for these accounts, one user id a line"),
        description=field_label(
            "Empty: for every account. Records of others are refused, each by itself."
        ),
        widget=TextArea(),
        render_kw={"rows": 3},
    )
    attribute_to = StringField(
        field_label("Bills this account for events of others"),
        filters=[visible],
        description=field_label(
            "A user id, for LiteLLM’s, OpenMeter’s and Lago’s events. Empty: nobody."
        ),
        render_kw={"autocomplete": "off"},
    )
    attribute_by = Lines(
        field_label("Fields that may name the account instead, one a line"),
        description=field_label(
            "Such as end_user, subject or external_subscription_id; one for each format."
        ),
        widget=TextArea(),
        render_kw={"rows": 3},
    )

    @property
    def refusals(self) -> dict[type[DomainError], Field]:
        """Return at which field each refusal is said."""
        return {
            **super().refusals,
            KeyLimitInvalid: self.limited_to,
            UnknownAccount: self.attribute_to,
            AttributionOutsideLimits: self.attribute_to,
            AttributionFieldUnknown: self.attribute_by,
            AttributionFieldRepeated: self.attribute_by,
        }

    def terms(self, *, zone: ZoneInfo, now: datetime) -> KeyTerms:
        """Return what was chosen. Raises KeyExpiryInvalid."""
        chosen = super().terms(zone=zone, now=now)
        return replace(
            chosen,
            limited_to=self.limited_to.data or (),
            attribute_to=(self.attribute_to.data or "").strip() or None,
            attribute_by=self.attribute_by.data or (),
        )
