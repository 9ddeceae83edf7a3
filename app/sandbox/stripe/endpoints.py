"""Every address of the API that the sandbox answers."""

from collections.abc import Iterable

from stripe import params
from stripe.params import checkout

from app.sandbox.stripe import (
    charges,
    checkout_sessions,
    customers,
    disputes,
    events,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
)
from app.sandbox.stripe.calls import Answering, Endpoint
from app.sandbox.stripe.listing import CREATED, PAGING

EXPAND = frozenset({"expand"})


def _get(path: str, shape: type, answer: Answering) -> Endpoint:
    return Endpoint("GET", path, shape, answer, EXPAND)


def _list(path: str, shape: type, answer: Answering, filters: Iterable[str] = ()) -> Endpoint:
    return Endpoint("GET", path, shape, answer, (PAGING | CREATED).union(filters))


def _post(path: str, shape: type, answer: Answering, supported: frozenset[str]) -> Endpoint:
    return Endpoint("POST", path, shape, answer, supported)


CUSTOMERS = "/v1/customers"
METHODS = "/v1/payment_methods"
SESSIONS = "/v1/checkout/sessions"
INTENTS = "/v1/payment_intents"
CHARGES = "/v1/charges"
REFUNDS = "/v1/refunds"
SETUPS = "/v1/setup_intents"
DISPUTES = "/v1/disputes"
EVENTS = "/v1/events"

ENDPOINTS = (
    _post(CUSTOMERS, params.CustomerCreateParams, customers.create, customers.SUPPORTED),
    _list(CUSTOMERS, params.CustomerListParams, customers.index, customers.LIST_FILTERS),
    _get(f"{CUSTOMERS}/<id>", params.CustomerRetrieveParams, customers.retrieve),
    _post(
        f"{CUSTOMERS}/<id>",
        params.CustomerUpdateParams,
        customers.update,
        customers.UPDATES_SUPPORTED,
    ),
    _list(
        f"{CUSTOMERS}/<id>/payment_methods",
        params.CustomerPaymentMethodListParams,
        payment_methods.index_of_customer,
        payment_methods.FILTERS,
    ),
    _list(METHODS, params.PaymentMethodListParams, payment_methods.index, payment_methods.FILTERS),
    _get(f"{METHODS}/<id>", params.PaymentMethodRetrieveParams, payment_methods.retrieve),
    _post(
        f"{METHODS}/<id>/attach",
        params.PaymentMethodAttachParams,
        payment_methods.attach,
        payment_methods.ATTACH_SUPPORTED,
    ),
    _post(
        f"{METHODS}/<id>/detach",
        params.PaymentMethodDetachParams,
        payment_methods.detach,
        EXPAND,
    ),
    _post(
        SESSIONS,
        checkout.SessionCreateParams,
        checkout_sessions.create,
        checkout_sessions.SUPPORTED,
    ),
    _list(
        SESSIONS,
        checkout.SessionListParams,
        checkout_sessions.index,
        checkout_sessions.LIST_FILTERS,
    ),
    _get(f"{SESSIONS}/<id>", checkout.SessionRetrieveParams, checkout_sessions.retrieve),
    _list(
        f"{SESSIONS}/<id>/line_items",
        checkout.SessionLineItemListParams,
        checkout_sessions.list_line_items,
    ),
    _post(
        f"{SESSIONS}/<id>/expire",
        checkout.SessionExpireParams,
        checkout_sessions.expire,
        EXPAND,
    ),
    _post(
        INTENTS,
        params.PaymentIntentCreateParams,
        payment_intents.create,
        payment_intents.SUPPORTED,
    ),
    _list(
        INTENTS,
        params.PaymentIntentListParams,
        payment_intents.index,
        payment_intents.LIST_FILTERS,
    ),
    _get(f"{INTENTS}/<id>", params.PaymentIntentRetrieveParams, payment_intents.retrieve),
    _post(
        f"{INTENTS}/<id>/confirm",
        params.PaymentIntentConfirmParams,
        payment_intents.confirm,
        payment_intents.CONFIRM_SUPPORTED,
    ),
    _post(
        f"{INTENTS}/<id>/cancel",
        params.PaymentIntentCancelParams,
        payment_intents.cancel,
        payment_intents.CANCEL_SUPPORTED,
    ),
    _list(CHARGES, params.ChargeListParams, charges.index, charges.LIST_FILTERS),
    _get(f"{CHARGES}/<id>", params.ChargeRetrieveParams, charges.retrieve),
    _post(REFUNDS, params.RefundCreateParams, refunds.create, refunds.SUPPORTED),
    _list(REFUNDS, params.RefundListParams, refunds.index, refunds.LIST_FILTERS),
    _get(f"{REFUNDS}/<id>", params.RefundRetrieveParams, refunds.retrieve),
    _list(SETUPS, params.SetupIntentListParams, setup_intents.index, setup_intents.LIST_FILTERS),
    _get(f"{SETUPS}/<id>", params.SetupIntentRetrieveParams, setup_intents.retrieve),
    _list(DISPUTES, params.DisputeListParams, disputes.index, disputes.LIST_FILTERS),
    _get(f"{DISPUTES}/<id>", params.DisputeRetrieveParams, disputes.retrieve),
    _post(f"{DISPUTES}/<id>/close", params.DisputeCloseParams, disputes.close, EXPAND),
    _list(EVENTS, params.EventListParams, events.index, events.FILTERS),
    _get(f"{EVENTS}/<id>", params.EventRetrieveParams, events.retrieve),
)
