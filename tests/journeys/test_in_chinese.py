"""Each task of a customer from end to end, in Chinese; the provider's own pages stay English."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.journeys.installation import PASSWORD, Customer, Installation
from tests.journeys.looks import speaks_chinese
from tests.journeys.visitor import GOOD_CARD, Visitor

CODE = "ZHONGWEN10"
OTHER_PASSWORD = "another battery staple"
EMAIL = "xiaoming@example.com"
# What things are called, and what was typed.
DATA = (
    EMAIL,
    CODE,
    "English PayPal Visa PDF INV gpt openai Enterprise Stripe",
    "Chrome Linux Europe Berlin",
)
look_closely = speaks_chinese(data=DATA)


def reads(visitor: Visitor) -> None:
    """Find nothing in English on the page."""
    assert look_closely(visitor.page) == []


def goes_to(visitor: Visitor, name: str, path: str) -> None:
    """Take a link of the navigation."""
    navigation = visitor.page.get_by_role("navigation")
    navigation.get_by_role("link", name=name, exact=True).click()
    visitor.arrives(path)


def pays(visitor: Visitor) -> None:
    """Pay on the provider's page, which speaks English."""
    visitor.arrives(re.compile(r"/c/pay/cs_\w+"), at=visitor.installation.sandbox)
    visitor.types_card(GOOD_CARD)
    visitor.page.get_by_role("button", name=re.compile("^Pay ")).click()
    visitor.arrives(re.compile(r"/payments/pay-\w+"))


def saved(page: Page) -> None:
    """Be told that it is saved."""
    expect(page.locator(".save-bar p[role=status]").filter(has_text="已保存")).to_be_visible()


def keeps(page: Page, name: str) -> Path:
    """Download what the link promises."""
    with page.expect_download() as downloading:
        page.get_by_role("link", name=name).first.click()
    return Path(downloading.value.path())


def test_a_customers_tasks(installation: Installation, visit: Visit) -> None:
    installation.coupon(CODE, basis_points=1_000)
    visitor = visit(locale="zh-CN", accept_downloads=True)
    page = visitor.page

    # An account is opened, and found again.
    visitor.open("/register")
    reads(visitor)
    page.get_by_label("邮箱").fill(EMAIL)
    page.get_by_label("密码").fill(PASSWORD)
    visitor.clicks("button", "注册")
    visitor.arrives("/")
    user_id = page.locator("#user-id").inner_text()
    page.locator("details.account summary").click()
    visitor.clicks("button", "退出登录")
    visitor.arrives("/login")
    reads(visitor)
    page.get_by_label("邮箱").fill(EMAIL)
    page.get_by_label("密码").fill(PASSWORD)
    visitor.clicks("button", "登录")
    visitor.arrives("/")

    # What is used is looked at, and taken home.
    installation.report(user_id)
    goes_to(visitor, "用量", "/usage")
    expect(page.get_by_role("rowheader", name="gpt-4").first).to_be_visible()
    reads(visitor)
    assert "gpt-4" in keeps(page, "导出 CSV").read_text()

    # A key for a program.
    goes_to(visitor, "API 密钥", "/keys")
    page.locator("#name").fill("脚本")
    page.locator("#scope").select_option("write")
    page.locator("form:has(#name) [type=submit]").click()
    key = page.locator("#new-key").inner_text()
    reads(visitor)

    # An invoice that came, which the key's program has asked for, is paid.
    number = installation.invoice(Customer(user_id, EMAIL, key))
    goes_to(visitor, "账单", "/invoices")
    page.get_by_role("table").get_by_role("link", name=number).click()
    visitor.arrives(f"/invoices/{number}")
    page.locator("#pay").click()
    pays(visitor)
    reads(visitor)

    # A coupon, and the plan that it makes cheaper.
    goes_to(visitor, "优惠券", "/coupons")
    page.get_by_label("优惠码").fill(CODE)
    page.locator("#preview-coupon").click()
    page.get_by_role("button", name=f"兑换 {CODE}").click()
    expect(page.get_by_text(f"{CODE} 已兑换")).to_be_visible()
    reads(visitor)
    goes_to(visitor, "套餐", "/plans")
    page.locator("#preview-plan-pro").click()
    page.locator("#confirm").click()
    pays(visitor)
    expect(page.get_by_role("heading", name="Pro")).to_be_visible()
    reads(visitor)

    # More tokens.
    goes_to(visitor, "Token", "/tokens")
    page.locator("#amount").fill("12")
    expect(page.locator("#quote")).to_contain_text("80,000")
    page.locator("#pay").click()
    pays(visitor)
    reads(visitor)

    # Another plan is scheduled, and taken back; then the plan is cancelled, and kept.
    goes_to(visitor, "套餐", "/plans")
    page.locator("#preview-plan-basic").click()
    page.locator("#confirm").click()
    expect(page.locator("#resume")).to_be_visible()
    reads(visitor)
    page.locator("#resume").click()
    expect(page.locator("#resume")).to_have_count(0)
    page.locator("[popovertarget=cancel-plan]").first.click()
    page.locator("#cancel-plan [type=submit]").click()
    expect(page.locator("#resume")).to_be_visible()
    reads(visitor)
    page.locator("#resume").click()
    expect(page.locator("#resume")).to_have_count(0)

    # To be told in time.
    goes_to(visitor, "提醒", "/alerts")
    page.locator("#alert_threshold").fill("5000")
    visitor.clicks("button", "保存提醒设置")
    saved(page)
    reads(visitor)

    # A card for later.
    goes_to(visitor, "付款方式", "/payment-methods")
    page.locator("#consent").check()
    page.locator("form:has(#consent) button[type=submit]").click()
    visitor.arrives(re.compile(r"/c/setup/\w+|/c/pay/cs_\w+"), at=installation.sandbox)
    visitor.types_card(GOOD_CARD)
    visitor.clicks("button", "Save this card")
    visitor.arrives(re.compile(r"/payment-methods.*"))
    expect(page.get_by_role("row", name="Visa •••• 4242")).to_be_visible()
    reads(visitor)

    # The card buys tokens by itself from now on.
    goes_to(visitor, "Token", "/tokens")
    page.locator("#auto_topup").check()
    page.locator("#auto_topup_threshold").fill("1234")
    page.locator("#auto_topup_amount").fill("20")
    expect(page.locator("#rule")).to_contain_text("1,234")
    page.locator("form:has(#auto_topup) .save-bar button").click()
    saved(page)
    expect(page.locator("#auto_topup")).to_be_checked()
    reads(visitor)

    # A limit of one's own, and another password.
    goes_to(visitor, "设置", "/settings")
    page.locator("#spend_limit").fill("250")
    page.locator(".card:has(#spend_limit) .save-bar button").click()
    saved(page)
    reads(visitor)
    visitor.open("/settings/security")
    page.locator("#old_password").fill(PASSWORD)
    page.locator("#password").fill(OTHER_PASSWORD)
    page.locator("form:has(#old_password) [type=submit]").click()
    expect(page.locator("#old_password")).to_have_value("")
    reads(visitor)

    # The bill as a document.
    goes_to(visitor, "账单", "/invoices")
    page.get_by_role("table").get_by_role("link", name=re.compile("^INV-")).first.click()
    page.wait_for_load_state()
    reads(visitor)
    assert keeps(page, "下载 PDF").read_bytes().startswith(b"%PDF")
