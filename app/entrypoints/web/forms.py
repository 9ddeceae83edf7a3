"""What the forms accept: shape only; what it means is the domain's to say."""

from collections.abc import Callable, Mapping

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import EmailField, HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from app.domain.accounts import password_rules
from app.domain.accounts.rules import UNSTORABLE
from app.entrypoints.languages import field_label, translated
from app.entrypoints.web.zones import ZONES
from app.foundation.sentences import say, say_about

EMAIL_LENGTH_MAX = 254
CODE_LENGTH_MAX = 40


def visible(text: str | None) -> str | None:
    """Read what no keyboard types and no database stores as spaces."""
    return UNSTORABLE.sub(" ", text) if text else text


def spoken(choices: Mapping[str, str]) -> Callable[[], dict[str, str]]:
    """Return choices that are in the reader's language whenever a form offers them."""
    return lambda: {value: str(translated(words)) for value, words in choices.items()}


class SentForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form that reads what a form has sent, even if that is nothing, and nothing else.

    Flask-WTF alone would read JSON and files too: numbers and streams where fields wait for texts.
    """

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # Flask-WTF ships no types
        """How forms of ours are read."""

        def wrap_formdata(self, _form: object, formdata: object) -> object:
            """Return what was sent, unless the form was told what to read."""
            if formdata is None or isinstance(formdata, MultiDict):
                return formdata
            return request.form if request.method == "POST" else None


class SignInForm(SentForm):
    """A mail address and the password that belongs to it."""

    email = EmailField(
        field_label("Email"),
        validators=[InputRequired(say("Enter your mail address.")), Length(max=EMAIL_LENGTH_MAX)],
        filters=[visible],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        field_label("Password"),
        validators=[
            InputRequired(say("Enter your password.")),
            Length(max=password_rules.LENGTH_MAX),
        ],
        render_kw={"autocomplete": "current-password"},
    )


class RegisterByMailForm(SentForm):
    """What a new customer tells us where mails go out: he chooses his password by mail."""

    email = EmailField(
        field_label("Email"),
        validators=[InputRequired(say("Enter your mail address.")), Length(max=EMAIL_LENGTH_MAX)],
        filters=[visible],
        render_kw={"autocomplete": "email"},
    )
    # Whether the zone exists is the domain's business; a browser may know newer ones than we.
    timezone = SelectField(
        field_label("Time zone"),
        choices=ZONES,
        default="UTC",
        validate_choice=False,
        filters=[visible],
    )


class RegisterForm(RegisterByMailForm):
    """What a new customer tells us where no mail reaches him: the password, too."""

    password = PasswordField(
        field_label("Password"),
        validators=[InputRequired(say("Choose a password."))],
        render_kw={"autocomplete": "new-password"},
    )


class ForgottenForm(SentForm):
    """The address of somebody who has forgotten his password."""

    email = EmailField(
        field_label("Email"),
        validators=[InputRequired(say("Enter your mail address.")), Length(max=EMAIL_LENGTH_MAX)],
        filters=[visible],
        render_kw={"autocomplete": "username"},
    )


class NewPasswordForm(SentForm):
    """The password that is to hold from now on."""

    password = PasswordField(
        field_label("New password"),
        validators=[InputRequired(say("Choose a password."))],
        render_kw={"autocomplete": "new-password"},
    )


class PasswordChangeForm(NewPasswordForm):
    """The password of now, and the one to come."""

    old_password = PasswordField(
        field_label("Current password"),
        validators=[
            InputRequired(say("Enter your current password.")),
            Length(max=password_rules.LENGTH_MAX),
        ],
        render_kw={"autocomplete": "current-password"},
    )


class PasswordCheckForm(SentForm):
    """The password of whoever is signed in, once more."""

    password = PasswordField(
        field_label("Password"),
        validators=[
            InputRequired(say("Enter your password.")),
            Length(max=password_rules.LENGTH_MAX),
        ],
        render_kw={"autocomplete": "current-password"},
    )


class CodeForm(SentForm):
    """A code of the second factor."""

    code = StringField(
        say_about("of a second factor", "Code"),
        validators=[InputRequired(say("Enter the code.")), Length(max=CODE_LENGTH_MAX)],
        filters=[visible],
        render_kw={
            "autocomplete": "one-time-code",
            "autocapitalize": "characters",
            "spellcheck": "false",
        },
    )


class DeletionForm(SentForm):
    """One's own mail address, typed by whoever means it."""

    expected = ""
    email = EmailField(
        field_label("Your mail address"),
        validators=[InputRequired(say("Type your mail address."))],
        filters=[visible],
        render_kw={"autocomplete": "off"},
    )

    def validate_email(self, field: EmailField) -> None:
        """Refuse any other address."""
        if (field.data or "").strip().lower() != self.expected:
            raise ValidationError(say("This is not the address of your account."))


class EmailChangeForm(SentForm):
    """The address that is to take the old one's place."""

    email = EmailField(
        field_label("New mail address"),
        validators=[InputRequired(say("Enter the new address.")), Length(max=EMAIL_LENGTH_MAX)],
        filters=[visible],
        render_kw={"autocomplete": "email"},
    )


class ConsentForm(SentForm):
    """Which text was agreed to; whether it is the one that holds is the domain's to say."""

    consent = StringField(field_label("Consent"), filters=[visible])


class SwitchForm(SentForm):
    """The plan that is wanted, when its amounts were shown, and which they were."""

    plan_id = HiddenField()
    previewed_at = HiddenField()
    terms = HiddenField()


class CouponForm(SentForm):
    """A code, and the plan that it is to be used for."""

    coupon_code = StringField(
        field_label("Coupon code"),
        validators=[DataRequired(say("Enter the code of your coupon."))],
        filters=[visible],
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )
    # Which plans there are is known where the form is made.
    plan_id = SelectField(
        field_label("For which plan"), default="", validate_choice=False, filters=[visible]
    )
