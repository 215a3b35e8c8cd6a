// Two pictures compared: side by side, under a wipe, blinking, or as their difference; large, with what changed.

const PAIR_MODES = [["two-up", "Side by side", "2"], ["wipe", "Wipe", "w"], ["blink", "Blink", "k"], ["difference", "Difference", "d"]];
const MODES = PAIR_MODES.map(([mode]) => mode);
const SMALL = 256; // pixels of width up to which a picture shows its pixels
const GAINS = [1, 2, 4, 8, 16];
const WIPE_STEP = 2; // percent that an arrow key moves the edge of the wipe
const MOVE_STEP = 0.1; // share of the frame that an arrow key moves zoomed pictures
const NEAR_EDGE = 24; // pixels from the edge of the wipe within which zoomed pictures are wiped, not moved

class PairView {
  /** first: controls at the beginning of its bar. onmode, onswap: told of what a person chooses. */
  constructor({ first = [], onmode, onswap }) {
    this.onmode = onmode;
    this.images = ["A", "B"].map((letter) => make("img", { alt: `Picture ${letter}`, draggable: false }));
    this.panes = this.images.map((image) => make("div", { className: "dwc-pane" }, image));
    this.pair = make("div", { className: "dwc-pair dw-moves", role: "group", ariaLabel: "The two pictures", tabIndex: 0 }, ...this.panes);
    this.captions = [make("p", { className: "dwc-caption" }), make("p", { className: "dwc-caption" })];
    this.problem = make("p", { className: "dwc-problem", role: "status" });
    this.changes = new ChangesView();
    this.modes = PAIR_MODES.map(([mode, text, key]) => keyedButton(text, key, () => onmode(mode)));
    this.wipe = make("input", { type: "range", min: 0, max: 100, value: 50, ariaLabel: "Wipe between the two pictures", oninput: () => this.paintWipe() });
    this.gain = choice("Amplify", "g", () => this.paintGain());
    this.gain.paint(GAINS.map((times) => [times, `× ${times}`]), 1);
    this.pause = keyedButton("Pause", "Space", () => this.setBlinking(!this.isBlinking));
    this.swap = keyedButton("Swap", "x", onswap);
    this.fullScreen = keyedButton("Full screen", "f", () => this.toggleFullScreen());
    this.scale = make("output", { className: "dwc-scale", ariaLabel: "Zoom" });
    this.zoom = new LockedZoom(this.pair, () => this.paintZoom());
    const zooms = [["−", "-", "Zoom out", () => this.zoom.by(1 / ZOOM_STEP)], ["+", "+", "Zoom in", () => this.zoom.by(ZOOM_STEP)], ["Fit", "0", "Fit", () => this.zoom.reset()]]
      .map(([text, key, name, act]) => keyedButton(text, key, act, { ariaLabel: name, title: `${name}, key ${key}` }));
    this.element = make("div", { className: "dwc-comparison" },
      make("div", { className: "dwc-bar" }, group("Comparison", ...first, ...this.modes, this.swap),
        group("Zoom", ...zooms, this.scale, this.fullScreen), make("div", { className: "dwc-settings" }, this.wipe, this.gain.element, this.pause)),
      make("div", { className: "dwc-sides" },
        make("div", { className: "dwc-side" }, this.pair, make("div", { className: "dwc-captions" }, ...this.captions), this.problem),
        this.changes.element));
    this.paintZoom();
    this.listen();
  }

  /** pictures: two of {name, fill}; fill(image, tell) shows one, and tells what is wrong with it. changes: see ChangesView. */
  show(pictures, changes) {
    this.problem.textContent = "";
    pictures.forEach(({ name, fill }, index) => {
      this.images[index].alt = name;
      say(this.captions[index], `${index ? "B" : "A"}: `, make("bdi", {}, name));
      fill(this.images[index], (text) => text && say(this.problem, text));
    });
    this.changes.show(changes);
  }

  setMode(mode) {
    MODES.forEach((each, index) => {
      this.pair.classList.toggle(`dwc-${each}`, each === mode);
      this.modes[index].ariaPressed = String(each === mode);
    });
    this.wipe.hidden = mode !== "wipe";
    this.gain.element.hidden = mode !== "difference";
    this.pause.hidden = mode !== "blink";
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (mode !== this.mode) this.setBlinking(mode === "blink" && !isStill);
    this.mode = mode;
    this.paintWipe();
    this.paintGain();
  }

  paintWipe() {
    this.pair.style.setProperty("--wipe", `${this.wipe.value}%`);
  }

  paintGain() {
    this.pair.style.setProperty("--gain", this.gain.select.value);
  }

  paintZoom() {
    this.scale.textContent = this.zoom?.isFit === false ? `× ${this.zoom.scale.toFixed(1)}` : "whole";
    this.pair.classList.toggle("dwc-zoomed", this.zoom?.isFit === false);
  }

  /** Show one picture after the other, once a second: slow enough for everybody's eyes. */
  setBlinking(isBlinking) {
    this.isBlinking = isBlinking;
    say(this.pause, isBlinking ? "Pause" : "Blink");
    this.pair.classList.toggle("dwc-blinking", isBlinking);
  }

  async toggleFullScreen() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.element.requestFullscreen?.();
  }

  // -- pointers and keys ------------------------------------------------------------------------------

  listen() {
    this.pointers = new Map();
    for (const image of this.images) image.addEventListener("load", () => image.classList.toggle("dw-sharp", image.naturalWidth <= SMALL));
    const on = (kind, act) => this.pair.addEventListener(kind, act);
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => this.drag(event));
    for (const kind of ["pointerup", "pointercancel"]) on(kind, (event) => this.pointers.delete(event.pointerId));
    on("wheel", (event) => this.wheel(event));
    on("dblclick", (event) => this.zoom.isFit ? this.zoom.by(CLOSE_UP, ...this.at(event)) : this.zoom.reset());
    on("keydown", (event) => this.arrow(event));
  }

  /** Where a pointer is, in shares of the frame under it. */
  at({ clientX, clientY }) {
    const frames = this.panes.map((pane) => pane.getBoundingClientRect());
    const frame = frames.find(({ right }) => clientX <= right) ?? frames[0];
    return [(clientX - frame.left) / frame.width, (clientY - frame.top) / frame.height];
  }

  press(event) {
    if (event.button) return;
    const [x] = this.at(event);
    const distance = Math.abs(x - this.wipe.value / 100) * this.panes[0].clientWidth;
    if (!this.pointers.size) this.isWiping = this.mode === "wipe" && (this.zoom.isFit || distance < NEAR_EDGE);
    this.pointers.set(event.pointerId, event);
    this.pair.setPointerCapture(event.pointerId);
    if (this.isWiping) this.wipeTo(x);
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const { width, height } = this.panes[0].getBoundingClientRect();
    if (this.pointers.size === 2) this.pinch(before, event);
    else if (this.isWiping) this.wipeTo(this.at(event)[0]);
    else this.zoom.move((event.clientX - before.clientX) / width, (event.clientY - before.clientY) / height);
    this.pointers.set(event.pointerId, event);
  }

  /** Two fingers: one moved from `before` to `now`. */
  pinch(before, now) {
    const other = [...this.pointers.values()].find(({ pointerId }) => pointerId !== now.pointerId);
    const distance = ({ clientX, clientY }) => Math.hypot(clientX - other.clientX, clientY - other.clientY);
    if (distance(before)) this.zoom.by(distance(now) / distance(before), ...this.at(other));
  }

  wipeTo(share) {
    this.wipe.value = Math.round(1000 * share) / 10;
    this.paintWipe();
  }

  /** Ctrl and the wheel zoom, as a pinch on a touchpad does; the wheel alone scrolls the page. */
  wheel(event) {
    if (!event.ctrlKey && !document.fullscreenElement) return;
    event.preventDefault();
    this.zoom.by(Math.exp(-event.deltaY / 300), ...this.at(event));
  }

  arrow(event) {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    const isWipe = this.mode === "wipe" && x !== 0 && !event.shiftKey;
    if ((!x && !y) || (!isWipe && this.zoom.isFit)) return;
    event.preventDefault();
    event.stopPropagation();
    if (isWipe) this.wipeTo((Number(this.wipe.value) + WIPE_STEP * x) / 100);
    else this.zoom.move(-MOVE_STEP * x, -MOVE_STEP * y);
  }
}
