"""Setting alerts: sliders move the fields and the lines; without scripts the fields are enough."""

from playwright.sync_api import Locator, Page, expect

from app.domain.accounts import operations as accounts
from app.domain.catalog import queries as catalog
from app.domain.subscriptions import operations as subscriptions
from app.foundation import clock
from app.foundation.database import transaction
from tests.journeys.conftest import Visit
from tests.journeys.installation import Customer, Installation

# Whether anything of the threshold's colour stands where a line should be.
COLOURED = """
(canvas, height) => {
  const chart = Chart.getChart(canvas);
  const ratio = chart.currentDevicePixelRatio;
  const y = Math.round(chart.scales.y.getPixelForValue(height) * ratio);
  const { left, right } = chart.chartArea;
  const wide = Math.round((right - left) * 0.5 * ratio);
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const paper = copy.getContext("2d", { willReadFrequently: true });
  paper.drawImage(canvas, 0, 0);
  const pixels = paper.getImageData(Math.round(left * ratio), y - 1, wide, 3).data;
  for (let place = 0; place < pixels.length; place += 4) {
    const [red, green, blue] = pixels.slice(place, place + 3);
    if (red > 110 && blue < 90 && red - blue > 60 && pixels[place + 3] > 90) {
      return true;
    }
  }
  return false;
}
"""

IS_DRAWN = "canvas => window.Chart && Chart.getChart(canvas)?.chartArea"
# What is left beside the drawing for the lines' words.
ROOM = """
canvas => {
  const { width, chartArea } = Chart.getChart(canvas);
  return width - chartArea.right;
}
"""
# What is drawn of the tokens so far, and what the axis of what all of it costs goes up to.
POINTS = (
    "canvas => Chart.getChart(canvas).getDatasetMeta(0).data.map(({ options }) => options.radius)"
)
AXIS = "canvas => Chart.getChart(canvas).scales.y.ticks.map(({ label }) => label)"
HEIGHT = "document.documentElement.scrollHeight"


def is_drawn_at(page: Page, usd: int) -> bool:
    canvas = page.locator("[data-course] canvas").last
    page.wait_for_function(IS_DRAWN, arg=canvas.element_handle())
    return bool(canvas.evaluate(COLOURED, usd * 10**9))


def see_it_move(page: Page, slider: Locator) -> None:
    """On a phone the slider and all of its drawing are in sight at once."""
    page.set_viewport_size({"width": 390, "height": 844})
    slider.scroll_into_view_if_needed()
    drawn, moved = page.locator("[data-course]").last.bounding_box(), slider.bounding_box()
    assert drawn and moved and 0 <= drawn["y"] < moved["y"] < 844
    page.set_viewport_size({"width": 1440, "height": 900})


def is_drawn_after(page: Page, tokens: int) -> bool:
    canvas = page.locator("[data-course] canvas").first
    return bool(canvas.evaluate(COLOURED, tokens))


def on_pro(installation: Installation, name: str) -> Customer:
    customer = installation.customer(name)
    with installation.inside(), transaction():
        account = accounts.lock_accounts({customer.user_id})[customer.user_id]
        subscriptions.begin_plan(account, catalog.plan("plan-pro"), now=clock.now())
    return customer


def test_sliders_of_a_quota_move_their_lines(installation: Installation, visit: Visit) -> None:
    customer, quota = on_pro(installation, "quota"), 1_000_000
    visitor = visit()
    visitor.signs_in(customer)
    visitor.open("/alerts")
    page = visitor.page
    percents, left = page.locator("#alert_percents"), page.locator("#alert_threshold")
    percents.fill("30")
    assert is_drawn_after(page, quota * 30 // 100)
    slider = page.locator("[data-slides-each=alert_percents] .slider")
    slider.fill("60")
    expect(percents).to_have_value("60")
    assert is_drawn_after(page, quota * 60 // 100)
    assert not is_drawn_after(page, quota * 30 // 100)
    # What is left is counted from the quota's end.
    left.fill("100000")
    assert is_drawn_after(page, quota - 100_000)
    page.locator("#alert_threshold-slider").press("PageUp")
    expect(left).not_to_have_value("100000")
    assert is_drawn_after(page, quota - int(left.input_value()))
    assert not is_drawn_after(page, quota - 100_000)

    # The auto top-up's goes over the same quota, and its field is followed by it.
    visitor.open("/tokens")
    threshold, slider = (page.locator(f"#auto_topup_threshold{end}") for end in ("", "-slider"))
    slider.fill("250000")
    expect(threshold).to_have_value("250000")
    expect(page.locator("#rule")).to_contain_text("250,000 tokens")
    threshold.fill("500000")
    expect(slider).to_have_value("500000")

    # And what is typed about tokens that are bought becomes a sentence.
    visitor.open("/tokens")
    rule = page.locator("#rule")
    for field, typed, said in (
        ("auto_topup_threshold", "12345", "12,345 tokens"),
        ("auto_topup_amount", "66.5", "66.50 USD"),
        ("auto_topup_max_per_month", "3", "3 times"),
    ):
        page.locator(f"#{field}").fill(typed)
        expect(rule).to_contain_text(said)


def test_a_plans_first_day_is_drawn(installation: Installation, visit: Visit) -> None:
    customer = on_pro(installation, "first-day")
    installation.report(customer.user_id)
    visitor = visit()
    visitor.signs_in(customer)
    # One day is no line yet: it is a point.
    visitor.open("/alerts")
    assert set(visitor.page.locator("[data-course] canvas").first.evaluate(POINTS)) == {3}
    # The quota covers all of it, and nothing is not measured in nano-dollars.
    visitor.open("/usage")
    ticks = visitor.page.locator("#usage-chart canvas").evaluate(AXIS)
    assert (ticks[0], ticks[-1]) == ("$0.00", "$1.00")


def test_percents_that_meet_are_told_at_the_field(installation: Installation, visit: Visit) -> None:
    visitor = visit()
    visitor.signs_in(on_pro(installation, "meeting"))
    visitor.open("/alerts")
    page = visitor.page
    field, told = page.locator("#alert_percents"), page.locator("[data-twice]")
    sliders = page.locator("[data-slides-each] .slider")
    expect(told).to_have_text("")
    sliders.first.fill("80")
    expect(field).to_have_value("80, 80, 100")
    expect(told).to_have_text("80 stands more than once: each percentage is told once.")
    expect(field).to_have_attribute("aria-invalid", "true")
    visitor.minds()
    sliders.first.fill("79")
    expect(told).to_have_text("")
    expect(field).to_have_attribute("aria-invalid", "false")
    # Ten of them stand whole in their field, however small the phone.
    field.fill("10, 20, 30, 40, 50, 60, 70, 80, 90, 100")
    for width in (320, 390, 768, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        assert field.evaluate("each => each.scrollWidth <= each.clientWidth"), width
        expect(sliders).to_have_count(10)


def test_a_slider_moves_its_field_and_its_line(installation: Installation, visit: Visit) -> None:
    customer = installation.customer("moving")
    installation.report(customer.user_id)
    visitor = visit()
    visitor.signs_in(customer)
    visitor.open("/alerts")
    page = visitor.page
    spend, slider = page.locator("#alert_spend"), page.locator("#alert_spend-slider")
    save = page.get_by_role("button", name="Save the alerts")
    # There is something to save as long as a field is not as it came; nothing moves for that.
    unsaved, height = page.get_by_text("Not saved yet"), page.evaluate(HEIGHT)
    expect(unsaved).to_be_hidden()
    spend.fill("0.25")
    expect(unsaved).to_be_visible()
    assert page.evaluate(HEIGHT) == height
    spend.fill("")
    expect(unsaved).to_be_hidden()
    spend.fill("a lot")
    save.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Not saved: see what is marked.")
    expect(spend).to_be_focused()
    # The browser notes the refusal's status, and nothing else.
    assert all("422" in noted for noted in visitor.troubles), visitor.troubles
    visitor.troubles.clear()
    spend.fill("0.25")
    expect(slider).to_have_value("0.25")
    slider.fill("0.5")
    expect(spend).to_have_value("0.50")
    slider.fill("1")
    expect(spend).to_have_value("1")
    assert is_drawn_at(page, 1)
    canvas = page.locator("[data-course] canvas").last
    assert canvas.evaluate(ROOM) > 60
    see_it_move(page, slider)
    spend.fill("")
    assert canvas.evaluate(ROOM) < 10
    expect(slider).to_have_attribute("aria-valuetext", "never")
    assert not is_drawn_at(page, 1)

    spend.fill("1")
    visitor.clicks("button", "Save the alerts")
    expect(page.get_by_role("status")).to_have_text("Saved")
    # What came back is coupled and drawn as well.
    expect(page.locator("#alert_spend-slider")).to_have_value("1")
    assert is_drawn_at(page, 1)
    visitor.look()


def test_without_scripts_the_fields_are_enough(installation: Installation, visit: Visit) -> None:
    customer = installation.customer("typing")
    visitor = visit(java_script_enabled=False)
    visitor.signs_in(customer)
    visitor.open("/alerts")
    page = visitor.page
    expect(page.locator("#alert_spend-slider")).to_be_hidden()
    page.locator("#alert_spend").fill("12.50")
    page.get_by_role("button", name="Save the alerts").click()
    expect(page.locator("#alert_spend")).to_have_value("12.50")
    expect(page.get_by_role("status")).to_have_text("Saved")
