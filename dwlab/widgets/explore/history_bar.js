// How the history is looked at: search, filters, layout and size; and what is done with what is selected.

const SEARCH_SOON = 250; // milliseconds without a key before a search acts

class HistoryBar {
  constructor(history) {
    this.history = history;
    this.text = make("input", { type: "search", placeholder: "Search prompts and notes", ariaLabel: "Search prompts and notes", maxLength: 500, oninput: () => this.searchSoon(), onkeydown: (event) => this.searchKey(event) });
    this.count = make("span", { className: "dwx-history-count", role: "status" });
    this.layouts = ["strip", "grid"].map((layout) => makeButton(layout === "strip" ? "Strip" : "Grid", () => history.look({ layout }), { "data-name": layout }));
    this.size = make("input", { type: "range", min: 48, max: 256, step: 16, ariaLabel: "Size of the pictures", title: "Size of the pictures", onchange: () => history.look({ size: Number(this.size.value) }) });
    this.byRun = make("input", { type: "checkbox", onchange: () => history.look({ by_run: this.byRun.checked }) });
    this.lists = {
      stars: this.list("Stars", "stars", Number),
      model: this.list("Model", "model"),
      sides: this.list("Size", "sides"),
    };
    this.dates = Object.fromEntries(["since", "until"].map((name) => [name, this.date(name)]));
    this.hidden = make("input", { type: "checkbox", onchange: () => history.look({ hidden: this.hidden.checked }) });
    this.hiddenCount = make("span", {}, "hidden ones");
    this.reset = makeButton("Reset", () => history.look({ text: "", stars: 0, model: "", sides: "", since: "", until: "", run: 0, hidden: false }), { className: "dw-quiet" });
    this.filters = make("details", { className: "dwx-history-filters" }, make("summary", {}, "Filters"),
      make("div", { className: "dwx-history-row" }, ...Object.values(this.lists).map(({ element }) => element),
        ...Object.values(this.dates).map(({ element }) => element), make("label", { className: "dwx-check" }, this.hidden, this.hiddenCount), this.reset));
    this.undo = makeButton("Undo", () => history.page.ask("undo"), { title: "Ctrl+Z" });
    const layout = make("div", { className: "dwx-history-row", role: "group", ariaLabel: "Layout" }, ...this.layouts, this.size,
      make("label", { className: "dwx-check" }, this.byRun, " by run"));
    this.element = make("div", { className: "dwx-history-bar" },
      make("div", { className: "dwx-history-row" }, this.text, this.count, this.undo, layout), this.filters);
  }

  list(name, field, read = (value) => value) {
    const select = make("select", { ariaLabel: `Filter by ${name.toLowerCase()}`, onchange: () => this.history.look({ [field]: read(select.value) }) });
    return { select, element: make("label", { className: "dwx-history-field" }, make("span", {}, name), select) };
  }

  date(field) {
    const name = field === "since" ? "From" : "To";
    const input = make("input", { type: "date", ariaLabel: `${name} this day`, onchange: () => this.history.look({ [field]: input.value }) });
    return { input, element: make("label", { className: "dwx-history-field" }, make("span", {}, name), input) };
  }

  searchSoon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.search(), SEARCH_SOON);
  }

  search() {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    this.history.look({ text: this.text.value });
  }

  /** Enter searches at once, an arrow goes to the pictures. */
  searchKey(event) {
    if (event.key === "Enter") this.search();
    else if (event.key !== "ArrowDown") return;
    event.preventDefault();
    this.history.gallery.focusCurrent();
  }

  paint(view, listing) {
    if (document.activeElement !== this.text && !this.waiting) this.text.value = view.text;
    const { pictures = 0, all = 0, hidden = 0, undo = "" } = listing;
    const number = (value) => value.toLocaleString("en");
    say(this.count, pictures === all ? `${number(all)} ${all === 1 ? "picture" : "pictures"}` : `${number(pictures)} of ${number(all)}`);
    say(this.hiddenCount, hidden ? `hidden ones (${number(hidden)})` : "hidden ones");
    this.layouts.forEach((button) => { button.ariaPressed = String(button.dataset.name === view.layout); });
    if (document.activeElement !== this.size) this.size.value = view.size;
    this.byRun.checked = view.by_run;
    this.hidden.checked = view.hidden;
    this.paintLists(view, listing);
    for (const [name, { input }] of Object.entries(this.dates)) if (document.activeElement !== input) input.value = view[name]; // half a date is none
    const chosen = this.chosen(view);
    say(this.filters.firstChild, chosen.length ? `Filters: ${chosen.join(", ")}` : "Filters");
    switchOff(this.reset, !chosen.length && !view.text, () => this.text.focus());
    switchOff(this.undo, !undo, () => this.history.gallery.focusCurrent());
    this.undo.title = undo ? `Undo ${undo} (Ctrl+Z)` : "There is nothing to undo";
    say(this.undo, undo ? `Undo ${undo}` : "Undo");
  }

  paintLists(view, { models = [], sides = [] }) {
    const options = {
      stars: [["0", "any"], ...[1, 2, 3, 4, 5].map((stars) => [String(stars), stars < 5 ? `${stars} or more` : "5"])],
      model: [["", "any"], ...models.map((model) => [model, model])],
      sides: [["", "any"], ...sides.map((each) => [each, each.replace("x", " × ")])],
    };
    for (const [name, { select }] of Object.entries(this.lists)) {
      const chosen = String(view[name]);
      if (!options[name].some(([value]) => value === chosen)) options[name].push([chosen, chosen]);
      const fresh = JSON.stringify(options[name]);
      if (select.shown !== fresh) select.replaceChildren(...options[name].map(([value, text]) => make("option", { value }, text)));
      select.shown = fresh;
      select.value = chosen;
    }
  }

  /** The filters that leave something out, in words. */
  chosen({ stars, model, sides, since, until, run, hidden }) {
    return [stars && `${stars} stars`, model, sides.replace("x", " × "), since && `from ${since}`, until && `to ${until}`,
      run && `run ${run}`, hidden && "hidden ones"].filter(Boolean);
  }
}

/** Switch a button off or on; `leave` moves the focus away from one that is off, where no key would be heard. */
function switchOff(button, isOff, leave) {
  if (isOff && document.activeElement === button) leave();
  button.disabled = isOff;
}

/** What is done with the selected pictures. */
class SelectionBar {
  constructor(history) {
    this.history = history;
    this.count = make("span", { role: "status" });
    const { page } = history;
    const mark = (name, value) => page.ask("mark", { keys: [...history.selected], mark: name, value });
    const stars = make("select", { ariaLabel: "Stars for the selected pictures", onchange: () => { mark("stars", Number(stars.value)); stars.value = ""; } },
      make("option", { value: "" }, "Stars"), ...[1, 2, 3, 4, 5].map((each) => make("option", { value: each }, String(each))), make("option", { value: 0 }, "none"));
    this.hide = makeButton("Hide", () => {
      mark("hide", history.view.hidden ? 0 : 1);
      history.select([]); // the kernel does so too, but a selection that is on its way would bring it back
    });
    this.compare = makeButton("Compare", () => history.pairPanel.compare([...history.selected].slice(-2)));
    this.element = make("div", { className: "dwx-history-row dwx-selection", role: "group", ariaLabel: "Selected pictures" }, this.count, stars,
      makeButton("Pin", () => mark("pin", 1)), this.hide, this.compare,
      makeButton("Export", () => page.ask("export", { keys: [...history.selected] }), { title: "Their files and recipes as a zip beside the results" }),
      makeButton("Sweep these", () => page.askForFields("sweep_selected", { keys: [...history.selected] }), { title: "What differs between them becomes the axes of a sweep" }),
      makeButton("Select all", () => history.selectAll()),
      makeButton("Clear", () => history.select([]), { className: "dw-quiet" }));
  }

  paint(count, isHidden) {
    if (!count && this.element.contains(document.activeElement)) this.history.gallery.focusCurrent();
    this.element.hidden = !count;
    say(this.count, `${count.toLocaleString("en")} selected`);
    say(this.hide, isHidden ? "Show again" : "Hide");
    this.compare.disabled = count !== 2;
  }
}
