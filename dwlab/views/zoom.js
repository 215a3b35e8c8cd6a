// A picture in a frame: as large as the frame allows, or at any zoom; moved by dragging.

const CRISP_FROM = 3; // times its own size: from here on a picture shows its pixels, below it is smoothed
const LARGEST_SCALE = 32;
const DRAG_FROM = 4; // pixels that a pointer moves, below which it is a click

/** Smooth or crisp, as fits a picture that is `width` pixels wide and shown `shown` wide. */
function chooseScaling(image, width, shown) {
  image.classList.toggle("dwl-crisp", shown >= CRISP_FROM * width);
}

class ZoomFrame {
  /** onzoom(scale) is told of each change; 0 stands for a picture that fits the frame. */
  constructor(onzoom = () => {}) {
    this.onzoom = onzoom;
    this.scale = 0;
    this.sides = [1, 1];
    this.image = make("img", { className: "dwl-image", alt: "Picture", hidden: true, draggable: false });
    this.element = make("div", { className: "dwl-frame", role: "group", ariaLabel: "Picture", tabIndex: 0 }, this.image);
    this.element.addEventListener("wheel", (event) => this.turned(event), { passive: false });
    this.element.addEventListener("pointerdown", (event) => this.grabbed(event));
    this.watch = new ResizeObserver(() => this.fit());
    this.watch.observe(this.element);
    this.image.addEventListener("load", () => this.fit());
  }

  /** Show a picture. sides: its width and height in pixels, which may be more than `src` has. */
  show(src, alt, sides) {
    this.known = sides;
    Object.assign(this.image, { alt, hidden: !src });
    if (src && this.image.src !== src) this.image.src = src;
    this.fit();
  }

  /** Pixels of the page for each pixel of the picture, if it fits the frame. */
  get fitting() {
    const { clientWidth, clientHeight } = this.element;
    return Math.min(clientWidth / this.sides[0], clientHeight / this.sides[1]);
  }

  get shownScale() {
    return this.scale || this.fitting;
  }

  fit() {
    this.sides = this.known ?? [this.image.naturalWidth || 1, this.image.naturalHeight || 1];
    const [width, height] = this.sides;
    const scale = this.shownScale;
    Object.assign(this.image.style, { width: `${width * scale}px`, height: `${height * scale}px` });
    chooseScaling(this.image, width, width * scale);
    this.element.classList.toggle("dwl-zoomed", this.scale > 0);
  }

  /** Set the zoom; `at` is the point of the page that stays where it is. 0 fits the frame. */
  zoomTo(scale, at = this.middle) {
    const before = this.image.getBoundingClientRect();
    const [across, down] = [(at.x - before.left) / before.width, (at.y - before.top) / before.height];
    this.scale = scale ? Math.min(LARGEST_SCALE, Math.max(scale, Math.min(1, this.fitting))) : 0;
    this.fit();
    const after = this.image.getBoundingClientRect();
    this.element.scrollLeft += after.left + across * after.width - at.x;
    this.element.scrollTop += after.top + down * after.height - at.y;
    this.onzoom(this.scale);
  }

  zoomBy(factor, at) {
    this.zoomTo(this.shownScale * factor, at);
  }

  /** Between the picture's own size and that of the frame. */
  toggle(at) {
    this.zoomTo(this.scale ? 0 : Math.max(1, 2 * this.fitting), at);
  }

  get middle() {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  }

  turned(event) {
    event.preventDefault();
    this.zoomBy(Math.exp(-event.deltaY * 0.002), event);
  }

  /** Dragging moves the picture, a click zooms. */
  grabbed(event) {
    if (event.button !== 0) return;
    const start = { x: event.clientX, y: event.clientY, left: this.element.scrollLeft, top: this.element.scrollTop };
    let isDragged = false;
    const listening = new AbortController();
    const { signal } = listening;
    this.element.setPointerCapture(event.pointerId);
    this.element.addEventListener("pointermove", ({ clientX, clientY }) => {
      isDragged ||= Math.hypot(clientX - start.x, clientY - start.y) > DRAG_FROM;
      if (isDragged) this.element.scrollTo(start.left + start.x - clientX, start.top + start.y - clientY);
    }, { signal });
    this.element.addEventListener("pointerup", (up) => {
      listening.abort();
      if (!isDragged) this.toggle(up);
    }, { signal });
    this.element.addEventListener("pointercancel", () => listening.abort(), { signal });
  }
}
