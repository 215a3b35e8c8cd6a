// One picture of the history: its thumbnail, what differs in its run, its marks.

class HistoryTile {
  constructor(gallery, index) {
    Object.assign(this, { gallery, index });
    this.image = make("img", { alt: "Loading", draggable: false });
    this.button = make("button", { type: "button", className: "dwx-thumb", tabIndex: -1 }, this.image);
    this.tick = make("input", { type: "checkbox", tabIndex: -1, ariaLabel: "Select" });
    this.label = make("div", { className: "dwx-differs" });
    this.marks = make("span", { className: "dwx-marks", ariaHidden: "true" });
    this.element = make("div", { className: "dwx-tile", role: "gridcell" },
      this.button, this.label, make("div", { className: "dwx-tile-foot" }, this.tick, this.marks));
    this.button.addEventListener("click", (event) => gallery.keyboard.clicked(this.index, event));
    this.tick.addEventListener("click", (event) => gallery.keyboard.ticked(this.index, event));
  }

  /** entry: undefined while it is on its way. */
  paint(entry, { isChosen, isSelected, letter, hasLabels, address, left, column }) {
    this.element.style.left = `${left}px`;
    this.element.ariaColIndex = String(column + 1);
    this.element.ariaSelected = String(isSelected);
    this.element.classList.toggle("dwx-is-chosen", isChosen);
    this.element.classList.toggle("dwx-is-base", Boolean(hasLabels && entry?.is_base));
    this.element.classList.toggle("dwx-in-pair", Boolean(letter));
    this.tick.checked = isSelected;
    this.tick.ariaLabel = `Select: ${entry?.text ?? "loading"}`;
    if (address !== undefined && this.address !== address) {
      this.address = address;
      if (address) this.image.src = address;
      else this.image.removeAttribute("src");
    }
    this.image.hidden = !this.address;
    if (this.address !== undefined && address === undefined && this.key !== entry?.key) this.clear();
    this.key = entry?.key;
    const differs = hasLabels ? labelOf(entry) : ""; // its run says of what: "by guidance"
    this.label.hidden = !hasLabels;
    say(this.label, differs);
    this.label.title = differs;
    const spoken = entry ? spokenTile(entry, { isChosen, letter }) : "Loading";
    this.button.ariaLabel = spoken;
    this.image.alt = this.button.title = entry?.text ?? "Loading";
    this.paintMarks(entry, letter);
  }

  clear() {
    this.address = undefined;
    this.image.removeAttribute("src");
    this.image.hidden = true;
  }

  paintMarks(entry, letter) {
    const { stars = 0, pin = 0, note = "" } = entry ?? {};
    const isBase = this.element.classList.contains("dwx-is-base");
    const shown = JSON.stringify([stars, pin, note, letter, isBase]);
    if (shown === this.shownMarks) return;
    this.shownMarks = shown;
    const marks = [];
    if (letter) marks.push(make("b", { className: "dwx-letter" }, letter));
    if (isBase) marks.push(make("span", { title: "Its neighbours are beside it" }, "base"));
    if (pin) marks.push(icon("pin"));
    if (stars) marks.push(make("span", { className: "dwx-star-count" }, icon("star", true), String(stars)));
    if (note) marks.push(make("span", { title: note }, icon("note")));
    this.marks.replaceChildren(...marks);
  }
}

/** What tells a picture from the others of its run. */
function labelOf(entry) {
  if (!entry?.along) return "";
  const { along, value } = entry;
  return along === "seed" && value.length > 7 ? `…${value.slice(-6)}` : value;
}

/** A picture for those who hear the page. */
function spokenTile({ text, stars, pin, note, hide, is_base: isBase }, { isChosen, letter }) {
  return [text, isBase && "the picture that was varied", stars && `${stars} of 5 stars`, pin && "pinned",
    hide && "hidden", note && `note: ${note}`, isChosen && "chosen", letter && `${letter} of the comparison`].filter(Boolean).join(", ");
}
