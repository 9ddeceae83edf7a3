"""What every call may answer, and what is the same for several."""

from app.entrypoints.api.describing.parts import (
    PROBLEM,
    Json,
    listed,
    ref,
    shape,
    text,
    truth,
    whole,
)

SHAPES: dict[str, Json] = {
    PROBLEM: shape(
        "Why a request was refused (RFC 9457). Match on `code`, show `detail`.",
        {
            "type": text(),
            "title": text(),
            "status": whole(),
            "detail": text(),
            "code": text(example="coupon_expired"),
            "error": text("The same as detail."),
        },
        {"errors": listed(ref("FieldError"))},
    ),
    "FieldError": shape(
        "What is wrong with a field.",
        {
            "path": text(example="records[3].prompt_tokens"),
            "code": text(example="negative_tokens"),
            "detail": text(),
        },
    ),
    "AnyJson": {"description": "As its sender writes it."},
    "Received": shape("The event is kept.", {"received": truth()}),
    "Health": shape("All is well.", {"status": text(choices=("ok", "ready"))}),
    "NotReady": shape(
        "What is missing.",
        {"status": text(choices=("not_ready",)), "missing": text(), "detail": text()},
    ),
}
