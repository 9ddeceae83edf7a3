"""What a form was shown: whoever leaves it so undoes nothing that another tab has saved."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import MultiDict
from wtforms import Field, HiddenField, PasswordField, SelectField

from app.entrypoints.web.forms import SentForm, visible
from app.entrypoints.web.typed import OFF, ON, Switch

SHOWN = "shown"
NOT_SHOWN = (SHOWN, "csrf_token")
FIELDS_MAX = 64


class ShownForm(SentForm):
    """A form that sends along what it was shown: a field that still says so is no change."""

    # Without a label, one would be made up in the language that this form may be about to change.
    shown = HiddenField("", filters=[visible])

    @property
    def was_shown(self) -> str:
        """Return all that it shows, as a browser would send it; once sent, what it sent along."""
        # What is typed and refused was not shown before: it stays a change.
        if self.shown.raw_data is not None:
            return self.shown.data or ""
        return urlencode([(field.name, _as_sent(field)) for field in _fields(self)])


def changes_in(form: ShownForm) -> dict[str, object]:
    """Return what a form changes: the fields that were sent, less those that are as shown."""
    before = _before(form)
    sent = (field for field in _fields(form, with_passwords=True) if field.raw_data)
    return {field.name: field.data for field in sent if not _is_as_shown(field, before)}


def _fields(form: ShownForm, *, with_passwords: bool = False) -> Iterator[Field]:
    for field in form:
        is_secret = isinstance(field, PasswordField) and not with_passwords
        if field.name not in NOT_SHOWN and not is_secret:
            yield field


def _before(form: ShownForm) -> ShownForm | None:
    """Return the form as it was shown; None if that was not sent along, or by nobody's browser."""
    try:
        pairs = parse_qsl(form.shown.data or "", keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        return None
    return type(form)(formdata=MultiDict(pairs), meta={"csrf": False})


def _is_as_shown(field: Field, before: ShownForm | None) -> bool:
    shown = None if before is None else before[field.name]
    # Read alike, whichever way it is written: 1,000 is what 1000 was.
    return shown is not None and bool(shown.raw_data) and bool(shown.data == field.data)


def _as_sent(field: Any) -> str:
    if isinstance(field, Switch):
        return ON if field.data else OFF
    if isinstance(field, SelectField):
        return field.data or ""
    # Browsers end the lines of a form with both characters.
    return "\r\n".join(field._value().split("\n"))
