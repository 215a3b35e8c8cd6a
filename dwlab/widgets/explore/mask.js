// A mask as it is painted: strokes on a canvas, opaque where the picture is made anew.

const MASK_SIDE = 768; // pixels of the longer side, as in start.py
const UNDO_LIMIT = 30;
const PAINT = "#d600c8"; // rare in pictures; the mask itself is white

class MaskCanvas {
  /** A canvas in the shape of a picture of this width and height. */
  constructor() {
    this.element = make("canvas");
    this.context = this.element.getContext("2d", { willReadFrequently: true });
  }

  /** Begin with the mask in an image, white where it is painted, or with nothing. */
  begin([width, height], image) {
    const scale = MASK_SIDE / Math.max(width, height);
    this.element.width = Math.max(1, Math.round(width * scale));
    this.element.height = Math.max(1, Math.round(height * scale));
    this.past = [];
    this.hasChanged = false;
    if (image) this.load(image);
  }

  get size() {
    return [this.element.width, this.element.height];
  }

  get pixels() {
    return this.context.getImageData(0, 0, ...this.size);
  }

  load(image) {
    this.context.drawImage(image, 0, 0, ...this.size);
    const pixels = this.pixels;
    for (let index = 0; index < pixels.data.length; index += 4) pixels.data[index + 3] = pixels.data[index] < 128 ? 0 : 255;
    this.context.putImageData(pixels, 0, 0);
    this.fill("source-in");
  }

  fill(operation, colour = PAINT) {
    this.context.globalCompositeOperation = operation;
    this.context.fillStyle = colour;
    this.context.fillRect(0, 0, ...this.size);
  }

  /** Keep what is painted now for `undo`. */
  keep() {
    this.past.push(this.pixels);
    if (this.past.length > UNDO_LIMIT) this.past.shift();
    this.hasChanged = true;
  }

  undo() {
    if (this.past.length) this.context.putImageData(this.past.pop(), 0, 0);
  }

  clear() {
    this.keep();
    this.context.clearRect(0, 0, ...this.size);
  }

  invert() {
    this.keep();
    this.fill("source-out");
  }

  /** A piece of a stroke from one point to another, `width` pixels wide. */
  line(from, to, width, erase) {
    const { context } = this;
    Object.assign(context, {
      globalCompositeOperation: erase ? "destination-out" : "source-over",
      strokeStyle: PAINT, lineWidth: width, lineCap: "round",
    });
    context.beginPath();
    context.moveTo(from.x, from.y);
    // a canvas draws nothing for a line without any length
    context.lineTo(to.x + 0.01, to.y);
    context.stroke();
  }

  get isEmpty() {
    return !this.pixels.data.some((value, index) => index % 4 === 3 && value > 127);
  }

  /** The bytes of a PNG, white where it is painted and black elsewhere. */
  get png() {
    const copy = new MaskCanvas();
    copy.begin(this.size);
    copy.context.drawImage(this.element, 0, 0, ...copy.size);
    copy.fill("source-in", "#fff");
    copy.fill("destination-over", "#000");
    const [, text] = copy.element.toDataURL("image/png").split(",");
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
  }
}
