"""Keys and clicks on the sweep panel that come before the kernel's answer to those before."""

import pytest
from playwright.sync_api import expect
from sweep_tables import sweep_table
from widgets.linked_page import LinkedPage
from widgets.sweep.panel_use import panel, until

from dwlab.views.viewer.document import document
from dwlab.widgets.sweep.table_widget import TableWidget

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tab(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def form(tab, tmp_path):
    """The form of a sweep with the axis seed, and what a page and the kernel make of it."""
    made = panel(tmp_path)
    linked = LinkedPage(tab, made.page)
    yield linked, made
    # what was typed last is planned a moment later
    until(lambda: not made._timer.is_alive())
    made.close()


def type_keys(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def texts(tab, name):
    chips = tab.locator(f'[data-row="{name}"] .dwp-chip input')
    return [chips.nth(number).input_value() for number in range(chips.count())]


def test_each_enter_adds_a_value(form, tab):
    linked, made = form
    tab.get_by_label("Add a value of seed").focus()
    type_keys(tab, "7", "Enter", "8", "Enter")
    linked.exchange()
    type_keys(tab, *"9, 10", "Enter", "1", "1")
    tab.wait_for_timeout(300)  # until it is sent
    linked.exchange()
    type_keys(tab, "Enter")
    linked.exchange()
    assert made.form.rows()["seed"].parts == ("0", "1", "7", "8", "9", "10", "11")
    assert texts(tab, "seed") == ["0", "1", "7", "8", "9", "10", "11"]
    expect(tab.get_by_label("Add a value of seed")).to_be_focused()


def test_values_are_typed_before_their_axis_is_here(form, tab):
    linked, made = form
    tab.get_by_label("Parameter to vary").focus()
    type_keys(tab, *"call.eta", "Enter", *"0.5", "Enter", *"0.7")
    linked.exchange()
    field = tab.get_by_label("Add a value of call.eta")
    expect(field).to_be_focused()
    type_keys(tab, "5", "Enter")
    linked.exchange()
    linked.exchange()
    assert made.form.rows()["call.eta"].parts[-2:] == ("0.5", "0.75")
    expect(tab.get_by_label("Parameter to vary")).to_have_value("")


def test_a_name_that_is_no_parameter_comes_back(form, tab):
    linked, _made = form
    parameter = tab.get_by_label("Parameter to vary")
    parameter.focus()
    type_keys(tab, *"stepz", "Enter")
    linked.exchange()
    expect(parameter).to_have_value("stepz")
    expect(parameter).to_have_attribute("aria-invalid", "true")


def test_the_focus_stays_where_somebody_types_when_an_axis_comes(form, tab):
    linked, _made = form
    tab.get_by_label("Parameter to vary").focus()
    type_keys(tab, *"call.eta", "Enter")
    prompt = tab.get_by_label("prompt", exact=True)
    prompt.focus()
    linked.exchange()
    expect(tab.get_by_label("Add a value of call.eta")).to_be_visible()
    expect(prompt).to_be_focused()


def test_a_press_on_a_row_counts_while_other_rows_come(tab, tmp_path):
    whole = sweep_table(tmp_path, ("a star", "a ring"), steps=(2, 4), guidance=(1.0,))
    widget = TableWidget(tmp_path)
    widget.document = document(whole.head(5), "views")
    linked = LinkedPage(tab, widget)
    second = tab.locator(".dwt-open").nth(1)
    second.focus()
    for press, release in (
        (lambda: tab.keyboard.down("Space"), lambda: tab.keyboard.up("Space")),
        (tab.mouse.down, tab.mouse.up),
    ):
        second.hover()
        press()
        widget.document = document(whole, "views")
        linked.exchange()
        release()
        expect(tab.locator(".dwt-detail")).to_have_count(1)
        expect(tab.locator("tbody > tr")).to_have_count(9)
        second.press("Enter")
        expect(tab.locator(".dwt-detail")).to_have_count(0)
        widget.document = document(whole.head(5), "views")
        linked.exchange()
    widget.close()
