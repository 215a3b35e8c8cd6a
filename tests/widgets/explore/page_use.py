"""What a person does on the page of the prompt bench."""

from playwright.sync_api import expect

SECONDS = 120  # that a page may take for one thing, on a busy machine
PROMPT = "a large red star at the left"


def new_page(browser, lab):
    expect.set_options(timeout=SECONDS * 1000)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(SECONDS * 1000)
    lab.watch(page)
    return page


def field(page, label):
    return page.locator(".dwlab-explore").get_by_label(label, exact=True)


def button(page, name):
    return page.locator(".dwlab-explore").get_by_role("button", name=name, exact=True)


def status(page):
    return page.locator(".dwx-status")


def done(page, count=1):
    pictures = page.locator(".dwx-done img")
    expect(pictures).to_have_count(count)
    for picture in pictures.all():
        assert picture.evaluate("i => i.decode().then(() => i.naturalWidth)") > 0
    return pictures


def ask(page, prompt=PROMPT, steps=2, seed=1):
    field(page, "Prompt").fill(prompt)
    field(page, "Steps").fill(str(steps))
    field(page, "Width").fill("64")
    field(page, "Height").fill("64")
    field(page, "Seed").fill(str(seed))
    field(page, "keep").check()
    expect(button(page, "Run")).to_be_enabled()


def save_notebook(page):
    """Save the notebook, and wait until the server has it."""
    page.click(".lm-MenuBar-itemLabel >> text='File'")
    with page.expect_response(_is_of_a_save):
        page.click('.lm-Menu-itemLabel >> text="Save Notebook"')


def _is_of_a_save(response):
    return response.request.method == "PUT" and "/api/contents/" in response.url
