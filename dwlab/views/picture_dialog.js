// One picture of several, large, over the whole page: arrows walk, Escape closes.

class PictureDialog {
  /** full(key): resolves to the address of a picture's own file. actions: what can be done with the picture: {element, show}. */
  constructor(full, actions) {
    this.full = full;
    this.actions = actions;
    this.frame = new ZoomFrame(() => this.paintZoom());
    this.place = make("div", { className: "dwl-place" });
    this.caption = make("p", { className: "dwl-caption", role: "status" });
    this.zoomed = make("span", { className: "dwl-scale" });
    this.before = keyedButton("←", "ArrowLeft", () => this.walk(-1), { ariaLabel: "Picture before", title: "left arrow" });
    this.after = keyedButton("→", "ArrowRight", () => this.walk(1), { ariaLabel: "Picture after", title: "right arrow" });
    const zoom = make("div", { className: "dwl-group", role: "group", ariaLabel: "Zoom" },
      keyedButton("−", "-", () => this.frame.zoomBy(0.8), { ariaLabel: "Smaller" }), this.zoomed,
      keyedButton("+", "+", () => this.frame.zoomBy(1.25), { ariaLabel: "Larger" }),
      keyedButton("Fit", "0", () => this.frame.zoomTo(0)),
      keyedButton("Actual size", "a", () => this.frame.zoomTo(1)));
    const walk = make("div", { className: "dwl-group", role: "group", ariaLabel: "Pictures" }, this.before, this.place, this.after);
    this.close = keyedButton("Close", "Escape", () => this.element.close());
    this.element = make("dialog", { className: "dwl-dialog", ariaLabel: "Picture at full size" },
      make("div", { className: "dwl-bar" }, walk, zoom, this.close),
      this.frame.element, make("div", { className: "dwl-foot" }, this.caption, actions.element));
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    this.element.addEventListener("close", () => this.closed());
  }

  get isOpen() {
    return this.element.open;
  }

  get picture() {
    return this.pictures[this.index];
  }

  /**
   * Show one of the pictures, {key, src, text, sides, is_copy, note}; key is empty while a picture forms.
   * onclose(index) is called with the one that was shown last.
   */
  open(pictures, index, onclose = () => {}) {
    Object.assign(this, { pictures, index, onclose });
    this.frame.scale = 0;
    if (!this.isOpen) this.element.showModal();
    this.frame.element.focus();
    this.paint();
  }

  /** The same pictures as they are now. */
  renew(pictures) {
    if (!this.isOpen || !pictures.length) return;
    this.pictures = pictures;
    this.index = Math.min(this.index, pictures.length - 1);
    this.paint();
  }

  walk(by) {
    const index = this.index + by;
    if (!this.pictures[index]) return;
    this.index = index;
    this.paint();
  }

  paint() {
    const { picture, pictures, index } = this;
    say(this.place, `${index + 1} of ${pictures.length}`);
    say(this.caption, [picture.text, picture.note].filter(Boolean).join(" · "));
    this.before.disabled = index === 0;
    this.after.disabled = index === pictures.length - 1;
    this.actions.show(picture);
    this.paintPicture();
    this.paintZoom();
  }

  /** What is at hand first, then the file itself. */
  async paintPicture() {
    const { picture } = this;
    const isSame = this.shown === picture.key && picture.key;
    if (!isSame) this.frame.show(picture.src, picture.text, picture.sides);
    this.shown = picture.key;
    if (!picture.is_copy || isSame) return;
    const address = await this.full(picture.key);
    if (address && this.isOpen && this.picture.key === picture.key) this.frame.show(address, picture.text, picture.sides);
  }

  paintZoom() {
    say(this.zoomed, `${Math.round(100 * this.frame.shownScale)}%`);
  }

  pressed(event) {
    event.stopPropagation(); // the page behind has keys of its own
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape") return;
    const ends = { Home: -this.index, End: this.pictures.length - 1 - this.index };
    const isPress = [" ", "Enter"].includes(event.key) && event.target.matches("button");
    if (isPress || event.target.matches("input, select, textarea, pre")) return;
    if (event.key in ends) this.walk(ends[event.key]);
    else if (event.key === "ArrowLeft") this.walk(-1);
    else if (event.key === "ArrowRight") this.walk(1);
    else if (pressControl(this.element, event.key === "=" ? "+" : event.key)) event.target.focus();
    else return;
    event.preventDefault();
  }

  closed() {
    this.shown = undefined;
    this.onclose(this.index);
  }
}
