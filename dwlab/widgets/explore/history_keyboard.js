// Keys, clicks and ticks on the pictures of the history. None is lost: one for a picture that is on its way acts when it is here.

const WALKS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"];

class HistoryKeyboard {
  constructor(gallery) {
    this.gallery = gallery;
    this.history = gallery.history;
    this.current = 0; // the picture that the keyboard is at
    this.waiting = []; // what is to be done, in this order: {deed, here, index}
    this.leaving = new Set(); // pictures that were hidden, and are seen until the kernel has listed the others
    this.released = Promise.resolve(); // once no button of the mouse is down on a picture
    gallery.element.addEventListener("pointerdown", (event) => this.pointed(event));
    gallery.element.addEventListener("keydown", (event) => this.pressed(event));
    gallery.element.addEventListener("focusin", (event) => this.focused(event));
  }

  // -- what is done to a picture -----------------------------------------------------------------------

  /** Do something with the picture at a place: now, or when it is here and all before is done. */
  act(index, deed) {
    const seen = this.gallery.entry(index); // other pictures may be listed when its turn comes
    this.waiting.push({ index, deed, here: () => seen ?? this.gallery.entry(index) });
    this.actOnWhatIsHere();
  }

  /** Do something with what the kernel answers, when all before is done. */
  async ask(question, more, deed) {
    let answer;
    this.waiting.push({ deed, here: () => answer });
    answer = (await this.gallery.page.requests.ask(question, more)).content;
    this.actOnWhatIsHere();
  }

  actOnWhatIsHere() {
    while (this.waiting.length) {
      const [{ here, deed }] = this.waiting;
      const found = here();
      if (!found) return;
      this.waiting.shift();
      deed(found);
    }
  }

  /** Other pictures are listed than before. */
  listedAnew(current) {
    this.current = current;
    this.leaving.clear();
    const last = this.gallery.count - 1;
    this.waiting = this.waiting.filter(({ index, here }) => index === undefined || index <= last || here());
  }

  /** A click needs the same picture under the pointer from its beginning to its end. */
  pointed({ target }) {
    if (!target.closest(".dwx-tile, .dwx-run-head")) return;
    this.released = new Promise((resolve) => {
      const release = () => setTimeout(resolve); // the click comes right after
      for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, release, { once: true });
    });
  }

  clicked(index, event) {
    this.goTo(index);
    const { shiftKey, ctrlKey, metaKey } = event;
    this.act(index, (entry) => {
      if (shiftKey) this.history.compareWith(entry);
      else if (ctrlKey || metaKey) this.history.toggle(entry.key);
      else this.history.choose(entry);
    });
  }

  ticked(index, { shiftKey }) {
    this.goTo(index);
    this.act(index, ({ key }) => {
      if (shiftKey && this.lastTicked) this.history.selectAll({ first: this.lastTicked, last: key });
      else this.history.toggle(key);
      this.lastTicked = key;
    });
  }

  // -- where it is ---------------------------------------------------------------------------------------

  focused({ target }) {
    for (const { tiles } of this.gallery.rows.values())
      for (const tile of tiles.values()) if (tile.element.contains(target) && tile.index !== this.current) this.goTo(tile.index);
  }

  goTo(index) {
    this.current = index;
    for (const { tiles } of this.gallery.rows.values())
      for (const tile of tiles.values()) tile.button.tabIndex = tile.index === index ? 0 : -1;
  }

  /** Walk to a picture: it is seen, and has the focus. */
  walkTo(index) {
    const { gallery } = this;
    this.current = index;
    gallery.scrollTo(index);
    gallery.paint();
    gallery.focusCurrent();
  }

  /** From a picture that leaves to the next one, or to the one before if it is the last. */
  walkOn() {
    this.leaving.add(this.current);
    let index = this.current;
    while (this.leaving.has(index)) index += 1;
    if (index === this.gallery.count) index = this.current;
    while (this.leaving.has(index)) index -= 1;
    if (index >= 0) this.walkTo(index);
  }

  // -- keys ----------------------------------------------------------------------------------------------

  pressed(event) {
    if (event.altKey || event.target.matches("input:not([type='checkbox'])")) return;
    if (event.key === " " && event.target.matches("input")) return; // it ticks the box
    const deed = this.deedOf(event);
    if (!deed) return;
    event.preventDefault();
    event.stopPropagation();
    deed();
  }

  /** What a key does; undefined if nothing. */
  deedOf(event) {
    const isCommand = event.ctrlKey || event.metaKey;
    const { history, current } = this;
    if (WALKS.includes(event.key)) return () => this.walk(event.key, isCommand);
    if (isCommand) return history.commandOf(event.key);
    if (event.key === "Escape") return history.wayOut();
    if (!this.gallery.count) return undefined;
    if (event.key === "n") return () => history.writeNote(current);
    const deed = history.deedOf(event);
    if (!deed) return undefined;
    const isLeaving = event.key === "h" || event.key === "Delete";
    return () => {
      this.act(current, deed);
      if (isLeaving) this.walkOn();
    };
  }

  walk(key, isCommand) {
    const { gallery } = this;
    if (!gallery.count) return;
    const ends = { Home: 0, End: gallery.count - 1 };
    this.walkTo(isCommand && key in ends ? ends[key] : gallery.layout.neighbour(this.current, key, gallery.rowsOfPage));
  }
}
