// The picture of the history that was chosen last: its marks, and what can be made of it. What is typed as its note stays, whatever is painted.

class HistoryDetails {
  constructor(history) {
    this.history = history;
    this.page = history.page;
    this.written = ""; // the note as it was read or written last
    this.inputs = this.part();
    this.stars = [1, 2, 3, 4, 5].map((number) => this.star(number));
    this.pin = makeButton("Pin", () => this.page.ask("toggle", { key: this.key, mark: "pin" }));
    this.note = make("input", { type: "text", placeholder: "a note", ariaLabel: "Note", maxLength: 2000, onchange: () => this.write(), onkeydown: (event) => this.pressed(event) });
    this.hide = makeButton("Hide", () => this.mark("hide", this.entry.hide ? 0 : 1));
    this.uses = this.part();
    this.varies = this.part();
    this.box = make("div", { className: "dwx-detail", role: "group", hidden: true }, this.inputs,
      make("span", { className: "dwx-stars", role: "group", ariaLabel: "Stars" }, ...this.stars),
      this.pin, this.note, this.hide, this.uses, this.varies);
    this.element = make("div", { className: "dwx-details" }, this.box);
  }

  part() {
    return make("span", { className: "dwx-detail-part" });
  }

  star(number) {
    const give = () => this.mark("stars", number === this.entry.stars ? 0 : number);
    return make("button", { type: "button", className: "dw-quiet", ariaLabel: `${number} of 5 stars`, onclick: give });
  }

  mark(name, value) {
    this.page.ask("mark", { keys: [this.key], mark: name, value });
  }

  /** entry: of the chosen picture; undefined if none is. */
  paint(entry) {
    if (this.isAwaited) return;
    this.box.hidden = !entry;
    if (!entry) return;
    if (entry.key !== this.key) this.take(entry);
    const { key, text, stars, pin, note, hide } = entry;
    const isTyping = document.activeElement === this.note;
    if (note !== this.entry.note && !isTyping) this.note.value = this.written = note;
    this.entry = entry;
    this.box.ariaLabel = `Chosen picture: ${text}`;
    this.paintInputs();
    this.stars.forEach((button, index) => this.paintStar(button, index < stars));
    say(this.pin, pin ? "Unpin" : "Pin");
    this.pin.ariaPressed = String(Boolean(pin));
    say(this.hide, hide ? "Show again" : "Hide");
    const { start } = this.page;
    renew(this.uses, [{ key, off: start.isOff("image") }], () => start.useButton(key));
    renew(this.varies, [{ key, ignores: this.page.model.get("offer").ignores }], () => varyButtons(this.page, key));
  }

  paintInputs() {
    const names = [["It started from this picture", "Its start picture"], ["Its mask", "Its mask"]];
    const pictures = this.history.addresses(this.entry).map((src, index) => ({ src, alt: names[index][0], title: names[index][1] }));
    renew(this.inputs, pictures, (picture) => make("img", picture));
  }

  paintStar(button, isOn) {
    if (button.ariaPressed === String(isOn)) return;
    button.ariaPressed = String(isOn);
    button.replaceChildren(icon("star", isOn));
  }

  // -- the note ------------------------------------------------------------------------------------------

  get key() {
    return this.entry?.key;
  }

  /** Have a note typed at once; the picture that it is for may still be on its way. */
  await() {
    this.write();
    Object.assign(this, { entry: undefined, written: "", isAwaited: true });
    this.note.value = "";
    this.box.hidden = false;
    this.note.focus();
  }

  /** Show another picture; a note that is being typed goes to the one that it was begun for. */
  take(entry) {
    const isTyped = this.isAwaited && this.note.value !== "";
    this.write();
    Object.assign(this, { entry, written: entry.note, isAwaited: false });
    if (!isTyped) this.note.value = entry.note;
    else if (document.activeElement !== this.note) this.write();
  }

  /** Write the note if it is another one than was read or written last. */
  write() {
    const { value } = this.note;
    if (!this.entry || value === this.written) return;
    this.written = value;
    this.mark("note", value);
  }

  pressed(event) {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") this.note.value = this.written;
    this.history.gallery.focusCurrent(); // what was typed is written as the field loses the focus
  }
}
