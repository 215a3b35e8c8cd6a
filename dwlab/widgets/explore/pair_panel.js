// Two pictures of the history compared, large, above the history; it follows what is chosen there.

class PairPanel {
  constructor(history) {
    this.history = history;
    this.page = history.page;
    this.close = keyedButton("Close", "Escape", () => this.end());
    this.pair = new PairView({
      first: [this.close],
      onmode: (mode) => history.look({ mode }),
      onswap: () => history.look({ pair: [...history.view.pair].reverse() }),
    });
    this.uses = make("div", { className: "dwx-buttons" });
    this.element = make("section", { className: "dwx-pair", ariaLabel: "Comparison", tabIndex: -1, hidden: true }, this.pair.element, this.uses);
    this.element.addEventListener("keydown", (event) => this.pressed(event));
  }

  paint() {
    const { pictures } = this.page.model.get("pair");
    const { view } = this.history;
    const isAwaited = this.isAwaited && !this.isHere(pictures);
    this.element.hidden = !view.pair.length || (!pictures && !isAwaited);
    this.element.ariaBusy = String(Boolean(isAwaited)); // what was compared before is not seen meanwhile
    this.pair.setMode(view.mode);
    if (isAwaited) return;
    this.isAwaited = false;
    this.paintPictures();
  }

  paintPictures() {
    const { pictures = [], changed = [] } = this.page.model.get("pair");
    const shown = JSON.stringify([pictures, changed, Object.keys(this.page.model.get("inputs"))]);
    if (shown === this.shown || !pictures.length) return;
    this.shown = shown;
    this.pair.show(pictures.map((picture) => this.picture(picture)), changed.map((change) => this.change(change)));
    renew(this.uses, pictures.map(({ key }) => key), (key, index) => this.page.start.useButton(key, `Use ${"AB"[index]} as start`));
  }

  /** Compare two pictures: they come into view and have the keys at once, and are seen once they are here. */
  compare(keys) {
    this.isAwaited = true;
    this.history.look({ pair: keys });
    this.element.scrollIntoView({ block: "start" });
    this.element.focus({ preventScroll: true });
  }

  /** Whether these are the pictures that are to be compared. */
  isHere(pictures = []) {
    return pictures.map(({ key }) => key).join() === this.history.view.pair.join();
  }

  picture({ key, text }) {
    const fill = async (image, tell) => {
      image.dataset.key = key;
      const { address, problem } = await this.page.files.file(key);
      if (image.dataset.key !== key) return;
      if (address) image.src = address;
      else image.removeAttribute("src");
      tell(problem ?? "");
    };
    return { name: text, fill };
  }

  /** A row of "what changed"; a picture is shown as long as it is there. */
  change([name, before, after]) {
    const value = (text) => {
      const src = this.page.model.get("inputs")[text];
      return src ? make("img", { src, alt: LABELS[name] ?? name }) : text;
    };
    return { name: LABELS[name] ?? name, before: value(before), after: value(after), isText: name.endsWith("prompt") };
  }

  end() {
    this.isAwaited = false;
    this.history.look({ pair: [] });
    this.history.gallery.focusCurrent();
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const isField = event.target.matches("input, select, textarea");
    const isPress = [" ", "Enter"].includes(event.key) && event.target.matches("button");
    if ((isField && event.key !== "Escape") || isPress || event.key.startsWith("Arrow")) return;
    if (event.key === "Escape" && document.fullscreenElement) return; // it leaves the full screen
    if (!pressControl(this.element, event.key === "=" ? "+" : event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }
}
