// The history: found by search and filters, in a strip or a grid; the chosen picture with its marks; two compared.

const HISTORY_KEYS = "Arrows walk, Enter takes the settings back. Shift+click or c compares with the chosen picture, Space or Ctrl+click selects, "
  + "Ctrl+A selects all, 0 to 5 give stars, p pins, h hides, n writes a note, r shows its run alone, Ctrl+Z takes back.";

class HistoryView {
  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.bar = new HistoryBar(this);
    this.selection = new SelectionBar(this);
    this.gallery = new HistoryGallery(this);
    this.pairPanel = new PairPanel(this);
    this.empty = make("p", { className: "dwx-empty" });
    this.details = make("div", { className: "dwx-details" });
    const keys = make("details", { className: "dwx-keys" }, make("summary", {}, "Keys"), make("p", {}, HISTORY_KEYS));
    this.elements = [make("section", { className: "dwx-history", ariaLabel: "History" },
      this.pairPanel.element, make("h3", {}, "History"), this.bar.element, this.selection.element,
      this.empty, this.gallery.element, this.details, keys)];
  }

  get view() {
    return this.model.get("view");
  }

  /** Look at the history in another way. */
  look(changes) {
    this.model.set("view", { ...this.view, ...changes });
    this.model.save_changes();
    this.paint();
  }

  get selected() {
    return new Set(this.model.get("selected"));
  }

  select(keys) {
    this.model.set("selected", keys);
    this.model.save_changes();
    this.paint();
  }

  toggle(key) {
    const { selected } = this;
    if (!selected.delete(key)) selected.add(key);
    this.select([...selected]);
  }

  /** Select from one picture to another, both included. */
  selectRange(one, other) {
    this.page.ask("select", { start: Math.min(one, other), end: Math.max(one, other) + 1 });
  }

  paint() {
    const { view } = this;
    const listing = this.model.get("listing");
    const { count = 0, all = 0, hidden = 0 } = listing;
    this.bar.paint(view, listing);
    this.bar.element.hidden = !all && !hidden && !view.hidden;
    this.selection.paint(this.selected.size, view.hidden);
    say(this.empty, all || hidden ? "No picture is left: change the search or the filters." : "Your pictures are kept here, even when the kernel restarts.");
    this.empty.hidden = count > 0;
    this.gallery.element.hidden = !count;
    this.paintDetails();
    this.pairPanel.paint();
    const looked = JSON.stringify([listing.version, view.layout, view.size, view.by_run]);
    if (looked === this.looked) {
      this.gallery.paint();
      return;
    }
    this.looked = looked;
    this.gallery.renew();
  }

  /** List the run of a picture alone, or all runs again. */
  showRun(entry) {
    if (entry) this.look({ run: this.view.run === entry.run ? 0 : entry.run });
  }

  // -- what a click or a key does -----------------------------------------------------------------------

  /** Choose a picture: its settings are back in the fields, and a comparison shows it as B. */
  choose(key) {
    this.page.remember({ chosen: key });
    const [first] = this.view.pair;
    if (first && first !== key) this.look({ pair: [first, key] });
    this.last = key;
    this.page.askForFields("restore", { key });
  }

  /** Compare a picture with the one before: that was compared or chosen last. */
  compareWith(key) {
    const before = this.last ?? this.page.state.chosen;
    this.last = key;
    if (before && before !== key) this.pairPanel.compare([before, key]);
    else this.page.remember({ chosen: key });
  }

  /** Do what a key stands for; whether it stands for something. */
  pressed(event, entry, isCommand) {
    const { key } = event;
    const mark = (name, value) => this.page.ask("mark", { keys: [entry.key], mark: name, value });
    if (isCommand) {
      if (key === "z") this.page.ask("undo");
      else if (key === "a") this.page.ask("select", { start: 0, end: this.model.get("listing").count });
      else return false;
      return true;
    }
    if (key === "Escape") return this.giveUp();
    if (!entry) return false;
    if (key === " ") this.toggle(entry.key);
    else if (key === "c" || (key === "Enter" && event.shiftKey)) this.compareWith(entry.key);
    else if (/^[0-5]$/.test(key)) mark("stars", Number(key));
    else if (key === "p") mark("pin", entry.pin ? 0 : 1);
    else if (key === "h" || key === "Delete") mark("hide", entry.hide ? 0 : 1);
    else if (key === "n") this.writeNote(entry.key);
    else if (key === "r") this.showRun(entry);
    else return false;
    return true;
  }

  /** End the comparison, or else the selection. */
  giveUp() {
    if (this.view.pair.length) this.look({ pair: [] });
    else if (this.selected.size) this.select([]);
    else return false;
    return true;
  }

  writeNote(key) {
    this.noteFor = key;
    if (this.page.state.chosen !== key) this.choose(key);
    this.paintDetails();
  }

  // -- the chosen picture -------------------------------------------------------------------------------

  paintDetails() {
    const entry = this.model.get("picked");
    const off = this.page.start.isOff("image");
    const { ignores } = this.model.get("offer");
    const isShown = entry.key && entry.key === this.page.state.chosen;
    const items = isShown ? [{ ...entry, inputs: this.addresses(entry), off, ignores }] : [];
    renew(this.details, items, (item) => this.detail(item)); // a note that is being typed stays
    if (this.noteFor && this.noteFor === entry.key) {
      this.noteFor = undefined;
      this.details.querySelector("input[type=text]")?.focus();
    }
  }

  /** The addresses of the pictures that one of the history started from. */
  addresses({ inputs }) {
    return inputs.map((reference) => this.model.get("inputs")[reference]).filter(Boolean);
  }

  detail({ key, text, stars, pin, note, hide, inputs }) {
    const mark = (name, value) => this.page.ask("mark", { keys: [key], mark: name, value });
    const button = (name, words, onclick, more = {}) => makeButton(words, onclick, { "data-name": name, ...more });
    const [start, mask] = inputs.map((src, index) =>
      make("img", { src, alt: index ? "Its mask" : "It started from this picture", title: index ? "Its mask" : "Its start picture" }));
    return make("div", { className: "dwx-detail", role: "group", ariaLabel: `Chosen picture: ${text}` }, start || "", mask || "",
      this.starButtons(stars, (number) => mark("stars", number)),
      button("pin", pin ? "Unpin" : "Pin", () => mark("pin", pin ? 0 : 1), { ariaPressed: Boolean(pin) }),
      this.noteField(note, (words) => mark("note", words)),
      button("hide", hide ? "Show again" : "Hide", () => mark("hide", hide ? 0 : 1)),
      this.page.start.useButton(key),
      varyButtons(this.page, key));
  }

  starButtons(stars, give) {
    const buttons = [1, 2, 3, 4, 5].map((number) => make("button", {
      type: "button", className: "dw-quiet", "data-name": `star ${number}`, ariaLabel: `${number} of 5 stars`, ariaPressed: number <= stars,
      onclick: () => give(number === stars ? 0 : number),
    }, icon("star", number <= stars)));
    return make("span", { className: "dwx-stars", role: "group", ariaLabel: "Stars" }, ...buttons);
  }

  noteField(text, write) {
    const input = make("input", {
      type: "text", value: text, placeholder: "a note", ariaLabel: "Note", maxLength: 2000,
      onchange: () => write(input.value),
      onkeydown: (event) => event.key === "Enter" && input.blur(),
    });
    return input;
  }

  close() {
    this.gallery.close();
  }
}
