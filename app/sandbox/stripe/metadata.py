"""Metadata: what the caller writes on objects, within Stripe's limits."""

from app.sandbox.stripe.refusals import Json, ParameterInvalid

KEYS_MAX = 50
KEY_LENGTH_MAX = 40
VALUE_LENGTH_MAX = 500


def metadata_of(params: Json, *, param: str = "metadata") -> Json:
    """Return the metadata of something new."""
    return merged({}, params, param=param)


def merged(before: Json, params: Json, *, param: str = "metadata") -> Json:
    """Return the metadata after a change: an empty value takes a key away, an empty whole all."""
    given = params.get("metadata", {})
    if given == "":
        return {}
    _check(given, param)
    after = {key: value for key, value in (before | given).items() if value != ""}
    if len(after) > KEYS_MAX:
        raise ParameterInvalid(f"Metadata can have at most {KEYS_MAX} keys.", param=param)
    return after


def _check(given: Json, param: str) -> None:
    for key, value in given.items():
        if len(key) > KEY_LENGTH_MAX:
            message = f"Metadata keys can have up to {KEY_LENGTH_MAX} characters: {key}"
            raise ParameterInvalid(message, param=param)
        if len(value) > VALUE_LENGTH_MAX:
            message = (
                f"Metadata values can have up to {VALUE_LENGTH_MAX} characters, {key} has more."
            )
            raise ParameterInvalid(message, param=f"{param}[{key}]")
