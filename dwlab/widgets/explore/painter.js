// Where a mask is painted over the start picture: with a mouse, a pen, a finger or the keyboard.

const SMALLEST_BRUSH = 4; // pixels of the mask
const LARGEST_BRUSH = 384;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = "Arrow keys move the brush, Space paints, E erases, [ and ] change the brush, Ctrl+Z takes back, Escape closes.";

class PainterView {
  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.mask = new MaskCanvas();
    this.canvas = this.mask.element;
    this.picture = make("img", { alt: "The start picture" });
    this.brush = make("div", { className: "dwx-brush", ariaHidden: "true" });
    this.spoken = make("div", { className: "dw-spoken", role: "status" });
    this.sheet = make("div", { className: "dwx-paint" }, this.picture, this.canvas, this.brush);
    this.element = make("section", { className: "dwx-painter", hidden: true, ariaLabel: "Paint a mask" },
      this.buttons(), this.sheet, this.help(), this.spoken);
    this.listen();
  }

  buttons() {
    this.slider = make("input",
      { type: "range", min: SMALLEST_BRUSH, max: LARGEST_BRUSH, value: 80, oninput: () => this.paintBrush() });
    const size = make("label", { className: "dwx-brush-size" }, "Brush ", this.slider);
    this.eraseButton = makeButton("Erase", () => this.erase(!this.erases), { ariaPressed: false });
    this.undoButton = makeButton("Undo", () => this.change("undo"), { title: "Ctrl+Z" });
    return make("div", { className: "dwx-buttons" }, size, this.eraseButton, this.undoButton,
      makeButton("Clear", () => this.change("clear"), { ariaLabel: "Clear the mask" }),
      makeButton("Invert", () => this.change("invert"), { ariaLabel: "Invert the mask" }),
      makeButton("Done", () => this.close(), { title: "Escape" }));
  }

  help() {
    const help = make("p", { className: "dwx-help", id: `${this.page.id}-painter-help` },
      `What you paint is made anew; the rest of the picture stays. ${KEYS}`);
    Object.assign(this.canvas, { tabIndex: 0, ariaLabel: "Mask over the start picture" });
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-describedby", help.id);
    return help;
  }

  listen() {
    const on = (kind, act) => this.canvas.addEventListener(kind, act);
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => this.move(this.pointOf(event)));
    for (const kind of ["pointerup", "pointercancel", "blur"]) on(kind, () => this.lift());
    on("keydown", (event) => this.key(event));
    on("keyup", (event) => { if (event.key === " ") this.lift(); });
    this.element.addEventListener("keydown", (event) => this.shortcut(event));
  }

  /** Show the start picture with its mask; the brush stands at the centre. */
  async open() {
    const { image, mask } = this.model.get("start");
    if (!image?.size) return;
    this.reference = image.reference;
    this.picture.src = image.src;
    this.mask.begin(image.size, await decoded(mask?.src));
    const [width, height] = this.mask.size;
    this.sheet.style.setProperty("--ratio", width / height);
    this.at = { x: width / 2, y: height / 2 };
    this.erase(false);
    this.element.hidden = false;
    this.paintBrush();
    this.canvas.focus({ preventScroll: true });
    this.element.scrollIntoView({ block: "nearest" });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Send the mask as it is painted now, if it is another one. */
  send() {
    this.lift();
    if (!this.isOpen || !this.mask.hasChanged) return;
    if (this.mask.isEmpty) this.page.ask("mask_remove");
    else this.page.ask("mask", {}, [this.mask.png]);
    this.mask.hasChanged = false;
  }

  close() {
    this.send();
    this.element.hidden = true;
    this.page.start.paintButton?.focus();
  }

  /** Another start picture takes the painter away: its mask would not fit. */
  paint() {
    if (this.model.get("start").image?.reference !== this.reference) this.element.hidden = true;
  }

  // -- strokes

  pointOf(event) {
    const { left, top, width } = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / width;
    return { x: (event.clientX - left) * scale, y: (event.clientY - top) * scale };
  }

  press(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.at = this.pointOf(event);
    this.put();
  }

  /** Put the brush down; it paints until it is lifted. */
  put() {
    this.mask.keep();
    this.isDown = true;
    this.move(this.at);
  }

  lift() {
    this.isDown = false;
    this.paintBrush();
  }

  move(to) {
    if (this.isDown) this.mask.line(this.at, to, this.width, this.erases);
    this.at = to;
    this.paintBrush();
  }

  // -- keys

  get width() {
    return Number(this.slider.value);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS) this.step(...ARROWS[event.key]);
    else if (event.key === " ") { if (!event.repeat) this.put(); }
    else if (event.key === "[" || event.key === "]") this.resize(event.key === "]" ? 1.25 : 0.8);
    else if (event.key.toLowerCase() === "e") this.erase(!this.erases);
    else return;
    event.preventDefault();
    this.tell();
  }

  shortcut(event) {
    const isUndo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey);
    if (event.key !== "Escape" && !isUndo) return;
    event.preventDefault();
    event.stopPropagation();
    if (isUndo) this.change("undo");
    else this.close();
  }

  step(right, down) {
    const distance = Math.max(4, this.width / 4);
    const within = (value, most) => Math.min(most, Math.max(0, value));
    const [width, height] = this.mask.size;
    this.move({ x: within(this.at.x + right * distance, width), y: within(this.at.y + down * distance, height) });
  }

  resize(factor) {
    this.slider.value = this.width * factor;
    this.paintBrush();
  }

  change(action) {
    this.mask[action]();
    this.paintBrush();
  }

  erase(erases) {
    this.erases = erases;
    this.eraseButton.ariaPressed = erases;
    this.paintBrush();
  }

  // -- what is shown

  paintBrush() {
    if (!this.at) return;
    const [width, height] = this.mask.size;
    this.undoButton.disabled = !this.mask.past.length;
    this.brush.classList.toggle("dwx-erases", this.erases);
    Object.assign(this.brush.style, {
      left: `${(100 * this.at.x) / width}%`, top: `${(100 * this.at.y) / height}%`, width: `${(100 * this.width) / width}%`,
    });
  }

  /** Where the brush is, for those who move it with keys and hear. */
  tell() {
    const [width, height] = this.mask.size;
    const share = (value, whole) => `${Math.round((100 * value) / whole)}%`;
    say(this.spoken, `${share(this.at.x, width)} from the left, ${share(this.at.y, height)} from the top, brush ${this.width}`,
      this.erases ? ", erasing" : "");
  }
}

/** The image at an address, ready to be drawn; nothing without an address. */
async function decoded(src) {
  if (!src) return undefined;
  const image = new Image();
  image.src = src;
  await image.decode();
  return image;
}
