"""The bodies around usage records: batches, voids and estimates."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.usage.reports import UsageReport
from app.entrypoints.api.key_limits import refuse_other_accounts, refuse_requests_of_others
from app.entrypoints.api.reading_bodies import field_refusal, refuse_unknown
from app.entrypoints.api.usage_shapes import (
    NAME_LENGTH_MAX,
    MalformedRecord,
    read_record,
    text_faults,
)
from app.foundation import clock
from app.foundation.errors import FieldError, InvalidFields, Kind, Refusal

RECORDS_MAX = 1000
REASON_LENGTH_MAX = 500
# How many characters each field of a void may have.
VOID_LENGTHS_MAX = {"request_id": NAME_LENGTH_MAX, "reason": REASON_LENGTH_MAX}


@dataclass(frozen=True, slots=True)
class Void:
    """Which request is to be voided, and why."""

    request_id: str
    reason: str


def records_of(body: Mapping[str, object]) -> list[object]:
    """Return the 1 to 1,000 records of a batch."""
    refuse_unknown(body, known=("records",))
    records = body["records"]
    if not isinstance(records, list):
        raise field_refusal("records", "records_not_list", "records must be a list.")
    if not records:
        raise field_refusal("records", "records_empty", "records must hold at least one record.")
    if len(records) > RECORDS_MAX:
        detail = f"A batch holds at most {RECORDS_MAX:,} records, this one {len(records):,}."
        raise Refusal("too_many_records", detail, kind=Kind.TOO_LARGE)
    return records


def read_void(body: Mapping[str, object]) -> Void:
    """Return what is to be voided. Raises InvalidFields, UnknownRequest."""
    faults = []
    for name, most in VOID_LENGTHS_MAX.items():
        if body.get(name) is None:
            faults.append(FieldError(name, "field_missing", f"{name} is required."))
        else:
            faults.extend(text_faults(name, body[name], most=most))
    if faults:
        raise InvalidFields(faults[0].detail, fields=faults)
    refuse_unknown(body, known=tuple(VOID_LENGTHS_MAX))
    refuse_requests_of_others(str(body["request_id"]))
    return Void(str(body["request_id"]), str(body["reason"]))


def read_estimate(
    body: Mapping[str, object], *, caller: Account | None
) -> tuple[UsageReport, Account]:
    """Return what to estimate, and for whom: the caller, or the account that a gateway names."""
    filled = {**body, "request_id": "estimate"}
    if caller is not None:
        if "user_id" in body:
            detail = "Your key says whose estimate it is; leave user_id out."
            raise field_refusal("user_id", "field_unknown", detail)
        filled["user_id"] = caller.id
    try:
        report = read_record(filled)
    except MalformedRecord as malformed:
        fault = malformed.faults[0]
        raise Refusal(fault.code, fault.detail, fields=malformed.faults) from malformed
    refuse_other_accounts(report.user_id)
    account = accounts.find_served_account(report.user_id, now=clock.now())
    if account is None:
        detail = f"There is no account with the user_id {report.user_id}."
        raise field_refusal("user_id", "unknown_user", detail)
    return report, account
