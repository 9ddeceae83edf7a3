"""Lists: newest first, page by page, within bounds of time."""

import pytest
import stripe

from tests.sandbox.shopping import client_of


@pytest.fixture
def shop(serve) -> stripe.StripeClient:
    """A shop in which every customer comes ten seconds after the one before."""
    now = [1_790_000_000]
    api = client_of(serve(clock=lambda: now[0], webhook_url=""))
    for number in range(25):
        api.v1.customers.create(params={"name": str(number)})
        now[0] += 10
    return api


def names(page: stripe.ListObject) -> list[int]:
    return [int(customer.name) for customer in page.data]


def test_shows_ten_and_says_that_there_are_more(shop) -> None:
    page = shop.v1.customers.list()
    assert names(page) == list(range(24, 14, -1)) and page.has_more is True


def test_goes_on_after_the_last_one(shop) -> None:
    first = shop.v1.customers.list(params={"limit": 20})
    rest = shop.v1.customers.list(params={"limit": 20, "starting_after": first.data[-1].id})
    assert names(rest) == [4, 3, 2, 1, 0] and rest.has_more is False


def test_goes_back_before_the_first_one(shop) -> None:
    fifth = shop.v1.customers.list().data[5]
    back = shop.v1.customers.list(params={"limit": 3, "ending_before": fifth.id})
    assert names(back) == [22, 21, 20] and back.has_more is True
    back = shop.v1.customers.list(params={"limit": 5, "ending_before": fifth.id})
    assert names(back) == [24, 23, 22, 21, 20] and back.has_more is False


def test_is_read_to_the_end_by_the_sdk(shop) -> None:
    page = shop.v1.customers.list(params={"limit": 7})
    assert [int(c.name) for c in page.auto_paging_iter()] == list(range(24, -1, -1))


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        ({"gte": 1_790_000_220}, [24, 23, 22]),
        ({"gt": 1_790_000_220}, [24, 23]),
        ({"lt": 1_790_000_020}, [1, 0]),
        ({"gte": 1_790_000_010, "lte": 1_790_000_020}, [2, 1]),
        (1_790_000_010, [1]),
        ({"gt": 1_790_000_240}, []),
    ],
)
def test_keeps_within_bounds_of_time(shop, created, expected: list[int]) -> None:
    assert names(shop.v1.customers.list(params={"created": created})) == expected


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"starting_after": "cus_nobody"}, "starting_after"),
        ({"created": {"since": 1}}, "created[since]"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_names_what_is_wrong(api, params, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.customers.list(params=params)
    assert refused.value.param == param
