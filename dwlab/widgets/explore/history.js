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
    this.details = new HistoryDetails(this);
    const keys = make("details", { className: "dwx-keys" }, make("summary", {}, "Keys"), make("p", {}, HISTORY_KEYS));
    this.elements = [make("section", { className: "dwx-history", ariaLabel: "History" },
      this.pairPanel.element, make("h3", {}, "History"), this.bar.element, this.selection.element,
      this.empty, this.gallery.element, this.details.element, keys)];
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

  /** Select all pictures, or those from one to another, both included. */
  selectAll(range = {}) {
    this.gallery.keyboard.ask("history_keys", range, ({ keys = [] }) => this.select([...new Set([...this.selected, ...keys])]));
  }

  unselect(key) {
    const { selected } = this;
    if (selected.delete(key)) this.select([...selected]);
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
    this.details.paint(this.chosen);
    this.pairPanel.paint();
    const looked = JSON.stringify([listing.version, view.layout, view.size, view.by_run]);
    if (looked === this.looked) {
      this.gallery.paint();
      return;
    }
    this.looked = looked;
    this.gallery.renew();
  }

  /** What is known of the chosen picture; the gallery knows it before the kernel has said it. */
  get chosen() {
    const { chosen } = this.page.state;
    return [this.model.get("picked"), this.entry].find((entry) => chosen && entry?.key === chosen);
  }

  /** The addresses of the pictures that one of the history started from. */
  addresses({ inputs }) {
    return inputs.map((reference) => this.model.get("inputs")[reference]).filter(Boolean);
  }

  // -- what a click or a key does -----------------------------------------------------------------------

  /** List the run of a picture alone, or all runs again. */
  showRun(entry) {
    this.look({ run: this.view.run === entry.run ? 0 : entry.run });
  }

  /** Choose a picture: its settings are back in the fields, and a comparison shows it as B. */
  choose(entry) {
    const { key } = entry;
    Object.assign(this, { entry, last: key });
    this.page.remember({ chosen: key });
    const [first] = this.view.pair;
    if (first && first !== key) this.look({ pair: [first, key] });
    this.page.askForFields("restore", { key });
  }

  /** Compare a picture with the one before: that was compared or chosen last. */
  compareWith(entry) {
    const before = this.last ?? this.page.state.chosen;
    const { key } = entry;
    Object.assign(this, { entry, last: key });
    if (before && before !== key) this.pairPanel.compare([before, key]);
    else this.page.remember({ chosen: key });
  }

  /** What a key does with Ctrl; undefined if nothing. */
  commandOf(key) {
    if (key === "z") return () => this.page.ask("undo");
    if (key === "a") return () => this.selectAll();
    return undefined;
  }

  /** What Escape does: it ends the comparison, or else the selection; undefined if there is neither. */
  wayOut() {
    if (this.view.pair.length) return () => this.look({ pair: [] });
    if (this.selected.size) return () => this.select([]);
    return undefined;
  }

  /** What a key does to a picture, as a function of its entry; undefined if nothing. */
  deedOf({ key, shiftKey }) {
    if (key === " ") return (entry) => this.toggle(entry.key);
    if (key === "c" || (key === "Enter" && shiftKey)) return (entry) => this.compareWith(entry);
    if (/^[0-5]$/.test(key)) return (entry) => this.mark(entry, "stars", Number(key));
    if (key === "p") return (entry) => this.page.ask("toggle", { key: entry.key, mark: "pin" });
    if (key === "h" || key === "Delete") return (entry) => this.hideOrShow(entry);
    if (key === "r") return (entry) => this.showRun(entry);
    return undefined;
  }

  mark({ key }, mark, value) {
    this.page.ask("mark", { keys: [key], mark, value });
  }

  hideOrShow(entry) {
    this.unselect(entry.key); // the kernel does so too, but a selection that is on its way would bring it back
    this.mark(entry, "hide", entry.hide ? 0 : 1);
  }

  /** Have the note of the picture at a place typed. */
  writeNote(index) {
    this.details.await();
    this.gallery.keyboard.act(index, (entry) => {
      this.details.take(entry);
      if (this.page.state.chosen !== entry.key) this.choose(entry);
      this.details.paint(this.chosen);
    });
  }

  close() {
    this.gallery.close();
  }
}
