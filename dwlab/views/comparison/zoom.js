// Zoom and position of two pictures, locked: both always show the same part.

const LARGEST_ZOOM = 32;
const ZOOM_STEP = 1.5;
const CLOSE_UP = 4; // what a double click zooms to

class LockedZoom {
  /** element: gets the values as --zoom, --pan-x and --pan-y. onchange: told of each change. */
  constructor(element, onchange) {
    Object.assign(this, { element, onchange });
    this.reset();
  }

  get isFit() {
    return this.scale === 1;
  }

  reset() {
    Object.assign(this, { scale: 1, x: 0, y: 0 });
    this.paint();
  }

  /** Zoom by a factor; what is at (x, y), in shares of the frame, stays there. */
  by(factor, x = 0.5, y = 0.5) {
    const scale = Math.min(LARGEST_ZOOM, Math.max(1, this.scale * factor));
    const ratio = scale / this.scale;
    this.scale = scale;
    this.x = x - (x - this.x) * ratio;
    this.y = y - (y - this.y) * ratio;
    this.paint();
  }

  /** Move by shares of the frame. */
  move(x, y) {
    this.x += x;
    this.y += y;
    this.paint();
  }

  /** No gap opens at the edges of the frame. */
  paint() {
    const kept = (value) => Math.min(0, Math.max(1 - this.scale, value));
    this.x = kept(this.x);
    this.y = kept(this.y);
    const { style } = this.element;
    style.setProperty("--zoom", this.scale);
    style.setProperty("--pan-x", `${100 * this.x}%`);
    style.setProperty("--pan-y", `${100 * this.y}%`);
    this.onchange?.();
  }
}
