"""What a form was shown: whoever leaves it so undoes nothing that another tab has saved."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import MultiDict
from wtforms import Field, HiddenField, PasswordField, SelectField

from app.entrypoints.web.forms import SentForm, visible
from app.entrypoints.web.typed import OFF, ON, Switch
from app.foundation.errors import FieldError, InvalidFields, Kind
from app.foundation.sentences import Sentence, say, together

SHOWN = "shown"
NOT_SHOWN = (SHOWN, "csrf_token", "confirmed")
FIELDS_MAX = 64
EMPTY = say("empty")
NEWS_KEPT = say("What else was changed after you opened the page stays as it is now.")


class ChangedMeanwhile(InvalidFields):
    """Fields that were changed here were changed elsewhere, too, since the form was shown."""

    kind = Kind.CONFLICT


class ShownForm(SentForm):
    """A form that sends along what it was shown: a field that still says so is no change."""

    # Without a label, one would be made up in the language that this form may be about to change.
    shown = HiddenField("", filters=[visible])
    # Whether something that was left alone is set to something else by now.
    has_news = False

    @property
    def was_shown(self) -> str:
        """Return all that it shows, as a browser would send it; once sent, what it sent along."""
        # What is typed and refused was not shown before: it stays a change.
        if self.shown.raw_data is not None:
            return self.shown.data or ""
        return urlencode([(field.name, _as_sent(field)) for _, field in _fields(self)])


def changes_in(form: ShownForm) -> dict[str, object]:
    """Return what a form changes: the fields that were sent, less those that are as shown."""
    before = _before(form)
    sent = ((name, field) for name, field in _fields(form, with_passwords=True) if field.raw_data)
    return {name: field.data for name, field in sent if not _is_as(before, name, field)}


def catch_up(form: ShownForm, now_set: ShownForm) -> None:
    """Let a form that was sent begin from what is set now.

    What was left alone becomes what is set now, and what was typed stays typed. Raises
    ChangedMeanwhile if something else was set in its place since the form was shown: whoever
    reads that and sends the form again has seen it.
    """
    before, fresh, changes = _before(form), _read(form, now_set.was_shown), changes_in(form)
    # What can be set no more is left to whoever refuses it.
    names = [name for name, field in _fields(fresh) if field.raw_data and name in form]
    news = {name for name in names if _is_other(before, name, fresh[name])}
    for name in names:
        if name not in changes:
            form[name].data, form[name].raw_data = fresh[name].data, fresh[name].raw_data
    form.shown.data = now_set.was_shown
    form.has_news = form.has_news or bool(news - set(changes))
    faults = [
        FieldError(name, "changed_meanwhile", _told(now_set[name]))
        for name in changes
        if name in news and not _is_as(fresh, name, form[name])
    ]
    if faults:
        raise ChangedMeanwhile(together([fault.detail for fault in faults]), fields=faults)


def forget_another(form: ShownForm, key: str, *, empty: ShownForm) -> None:
    """Let a form that was sent for something else than it was shown for begin as an empty one."""
    if _is_other(_before(form), key, form[key]):
        form.shown.data = empty.was_shown


def _fields(form: ShownForm, *, with_passwords: bool = False) -> Iterator[tuple[str, Field]]:
    # By the names of the program: a field may have another one in the page.
    for name in form.data:
        is_secret = isinstance(form[name], PasswordField) and not with_passwords
        if name not in NOT_SHOWN and not is_secret:
            yield name, form[name]


def _before(form: ShownForm) -> ShownForm:
    """Return the form as it was shown; an empty one if that was not sent along by a browser."""
    return _read(form, form.shown.data or "")


def _read(form: ShownForm, shown: str) -> ShownForm:
    try:
        pairs = parse_qsl(shown, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        pairs = []
    return type(form)(formdata=MultiDict(pairs), meta={"csrf": False})


def _is_as(other: ShownForm, name: str, field: Field) -> bool:
    # Read alike, whichever way it is written: 1,000 is what 1000 was.
    return bool(other[name].raw_data) and bool(other[name].data == field.data)


def _is_other(before: ShownForm, name: str, field: Field) -> bool:
    return bool(before[name].raw_data) and not _is_as(before, name, field)


def _told(field: Any) -> Sentence:
    """Return what a field is set to now, in words of the page; no switch has a third state."""
    value = str(field.data or "") if isinstance(field, SelectField) else field._value()
    called = {str(choice[0]): choice[1] for choice in _choices(field)}
    told = called.get(value, ", ".join(value.split("\n")))
    return say(
        "This was changed after you opened the page: now it is {value}."
        " Send the form again if yours is to count.",
        {"value": told or EMPTY},
    )


def _choices(field: Field) -> Iterator[tuple[Any, ...]]:
    return field.iter_choices() if isinstance(field, SelectField) else iter(())


def _as_sent(field: Any) -> str:
    if isinstance(field, Switch):
        return ON if field.data else OFF
    if isinstance(field, SelectField):
        return field.data or ""
    # Browsers end the lines of a form with both characters.
    return "\r\n".join(field._value().split("\n"))
