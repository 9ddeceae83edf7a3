"""Somebody looks for a call in the description of the API, and finds it."""

from playwright.sync_api import expect

from tests.journeys.conftest import Visit


def test_what_one_looks_for_is_left_and_what_a_link_leads_to_is_open(visit: Visit) -> None:
    visitor = visit()
    visitor.open("/v1/docs")
    page = visitor.page
    contents = page.get_by_role("navigation", name="Contents")
    box = page.get_by_label("Filter calls and shapes")
    box.fill("coupon redeem")
    expect(page.locator("#redeemCoupon")).to_be_visible()
    expect(page.locator("#changeSettings")).to_be_hidden()
    expect(contents.get_by_role("link", name="Change what is named", exact=True)).to_be_hidden()
    box.fill("xylophone")
    expect(page.locator("#docs-nothing")).to_be_visible()
    box.fill("")
    contents.get_by_role("link", name="Redeem a coupon").click()
    expect(contents.locator("[aria-current]")).to_contain_text("Redeem a coupon")
    expect(page.locator("#CouponApplied")).to_be_hidden()
    page.get_by_role("link", name="CouponApplied").click()
    expect(page.locator("#CouponApplied")).to_be_visible()


def test_without_scripts_there_is_no_box_and_all_the_rest(visit: Visit) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.open("/v1/docs")
    page = visitor.page
    expect(page.get_by_label("Filter calls and shapes")).to_be_hidden()
    page.get_by_role("link", name="Set a country's tax").click()
    expect(page.locator("#setTax")).to_be_in_viewport()
