"""What a person does on the page of the prompt bench."""

from lab import SECONDS, seen
from playwright.sync_api import expect

PROMPT = "a large red star at the left"


def new_page(browser, lab):
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


HAS_ENDED = """() => {
  const bench = document.querySelector(".dwlab-explore");
  const isIdle = bench.querySelector(".dwx-run").textContent === "Run";
  return isIdle && /^(Done in|Made before)/.test(bench.querySelector(".dwx-status").textContent);
}"""


def make(page, press):
    """Press what makes pictures, and wait until they are made and in the history.

    What the page shows of an earlier run looks like the end of this one, so the status is emptied
    before.
    """
    status(page).evaluate("line => { line.textContent = ''; }")
    press()
    page.wait_for_function(HAS_ENDED)


def run(page):
    make(page, button(page, "Run").click)


def done(page, count=1):
    """The finished pictures of the run that ended, which can all be seen."""
    pictures = page.locator(".dwx-done img")
    seen(pictures, count)
    return pictures


def ask(page, prompt=PROMPT, steps=2, seed=1):
    field(page, "Prompt").fill(prompt)
    field(page, "Steps").fill(str(steps))
    field(page, "Width").fill("64")
    field(page, "Height").fill("64")
    field(page, "Seed").fill(str(seed))
    field(page, "keep").check()
    expect(button(page, "Run")).to_be_enabled()


def ask_long(page, seed=1):
    """Fill in a run that takes minutes: it cannot have ended before the test looks at it."""
    ask(page, steps=1000, seed=seed)
    field(page, "Width").fill("256")
    field(page, "Height").fill("256")


def thumbnails(page):
    """The pictures of the history that are seen, newest run first."""
    return page.locator(".dwx-thumb")


def history_count(page):
    """How many pictures the history has, once it says so."""
    text = page.locator(".dwx-history-count").text_content()
    return int(text.partition(" ")[0].replace(",", "") or 0)


def expect_history(page, count):
    words = "picture" if count == 1 else "pictures"
    expect(page.locator(".dwx-history-count")).to_have_text(f"{count:,} {words}")


def settled(page):
    """Wait until the pictures that the kernel lists are those that the history shows."""
    expect(page.locator(".dwx-gallery")).to_have_attribute("aria-busy", "false")


def vary(page, name):
    return page.locator(".dwx-view").get_by_role("button", name=name, exact=True)


def common_caption(page):
    """What is said of all pictures on the stage."""
    return page.locator(".dwx-common")


def captions(page):
    """What is said of each picture on the stage alone."""
    return page.locator(".dwx-stage figcaption")


def open_sweep_form(page):
    form = page.locator(".dwx-sweep")
    if form.get_attribute("open") is None:
        form.locator("summary").click()


def save_notebook(page):
    """Save the notebook, and wait until the server has it."""
    page.click(".lm-MenuBar-itemLabel >> text='File'")
    with page.expect_response(_is_of_a_save):
        page.click('.lm-Menu-itemLabel >> text="Save Notebook"')


def _is_of_a_save(response):
    return response.request.method == "PUT" and "/api/contents/" in response.url


BETWEEN_KEYS = 40  # milliseconds; who types fast is about as fast
# What the kernel says reaches the page this much later; its order stays.
SLOW_ANSWERS = """
window.answersTake = 0;
window.WebSocket = class extends WebSocket {
  #due = 0;
  set onmessage(listener) {
    super.onmessage = (event) => {
      const now = performance.now();
      this.#due = Math.max(this.#due, now + window.answersTake);
      if (this.#due > now) setTimeout(() => listener.call(this, event), this.#due - now);
      else listener.call(this, event);
    };
  }
};
"""


def answers_take(page, milliseconds):
    """Let what the kernel says reach a page with SLOW_ANSWERS so much later."""
    page.evaluate("time => { window.answersTake = time; }", milliseconds)


def press_fast(page, *keys):
    """Press keys as fast as a person does, without a look at what the page shows."""
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(BETWEEN_KEYS)
