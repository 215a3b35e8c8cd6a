// Labels are never clipped: they are measured, and rows and columns are made to fit.

class LabelRuler {
  constructor() {
    this.element = make("div", { className: "dwv-ruler", ariaHidden: "true" });
    this.heights = new Map();
  }

  /** The heights of texts that wrap within a width, all measured at once. className: of the labels. */
  measure(texts, width, className) {
    const key = (text) => `${className} ${width} ${text}`;
    const fresh = [...new Set(texts)].filter((text) => text && !this.heights.has(key(text)));
    const boxes = fresh.map((text) => make("div", { className }, make("bdi", {}, text)));
    this.element.style.width = `${width}px`;
    this.element.replaceChildren(...boxes);
    boxes.forEach((box, index) => this.heights.set(key(fresh[index]), Math.ceil(box.getBoundingClientRect().height)));
    this.element.replaceChildren();
    return texts.map((text) => (text ? this.heights.get(key(text)) : 0));
  }

  /** The width of the widest text on one line. */
  widest(texts, className) {
    const boxes = [...new Set(texts)].slice(0, 500).map((text) => make("span", { className }, text));
    this.element.style.width = "max-content";
    this.element.replaceChildren(...boxes);
    const widths = boxes.map((box) => box.getBoundingClientRect().width);
    this.element.replaceChildren();
    return Math.ceil(Math.max(0, ...widths));
  }
}
