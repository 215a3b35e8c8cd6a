// The picture that runs start from: where it is dropped or chosen, its mask, and the fields about both.

const PIXELS = "pixels";

class StartView {
  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.file = make("input",
      { type: "file", accept: "image/png,image/jpeg,image/webp", onchange: () => this.drop(this.file.files) });
    this.fileLabel = make("label", { className: "dwx-file" }, "Drop a PNG, JPEG or WebP here, or choose one ", this.file);
    this.pictures = make("div", { className: "dwx-start-pictures" });
    this.note = make("div", { className: "dwx-note-line", role: "status" });
    this.message = makeMessage();
    this.element = make("fieldset", { className: "dwx-start" }, make("legend", {}, "Start picture"),
      this.pictures, this.fileLabel, this.note, this.message, this.fields());
    this.listen();
  }

  fields() {
    const number = (name, step, max, placeholder) => this.page.fields.field(name,
      make("input", { type: "number", step, min: 0, max, placeholder, inputMode: "decimal" }));
    return make("div", { className: "dwx-grid" }, number("strength", "any", 1, ""),
      number("mask_padding", 1, 4096, PIXELS), number("mask_blur", 1, 1024, PIXELS));
  }

  /** A file over the field is marked, so that nobody takes it for the field of recipes. */
  listen() {
    const mark = (on) => this.element.classList.toggle("dwx-over-drop", on);
    this.element.addEventListener("dragover", () => mark(!this.isOff("image")));
    this.element.addEventListener("dragleave", () => mark(false));
    this.element.addEventListener("drop", () => mark(false));
  }

  isOff(name) {
    return (this.model.get("start").off || []).includes(name);
  }

  /** Whether a field has no meaning now. */
  hides(name) {
    const { image, mask } = this.model.get("start");
    if (name === "strength") return !image?.reference;
    return ["mask_padding", "mask_blur"].includes(name) && !mask?.reference;
  }

  drop(files) {
    if (this.isOff("image")) return;
    this.page.readFile(files, this.file, (data) => this.page.ask("start", {}, [data]));
  }

  /** Start from a picture of the history. */
  useButton(key, text = "Use as start") {
    const title = "Start the next runs from this picture";
    return makeButton(text, () => this.page.ask("start_from", { key }),
      { "data-name": `${key} start`, className: "dwx-use", title, disabled: this.isOff("image") });
  }

  paint() {
    const { image = {}, mask = {}, note = "", reading, strength } = this.model.get("start");
    const shown = image.reference ? [{ image, mask, canPaint: !this.isOff("mask") && Boolean(image.size), reading }] : [];
    renew(this.pictures, shown, (start) => this.row(start));
    this.file.disabled = this.isOff("image");
    say(this.note, reading ? "Reading the picture …" : note);
    const { input } = this.page.fields.fields.strength;
    input.placeholder = strength == null ? "the model's own" : `${strength} (the model's own)`;
    input.disabled = this.isOff("strength");
    this.page.fields.fields.mask_padding.input.disabled = this.isOff("mask_padding");
    for (const name of ["width", "height"])
      this.page.fields.fields[name].input.placeholder = image.reference && !this.isOff("image") ? "as the picture" : "";
    this.paintMessage();
  }

  paintMessage() {
    const problems = this.model.get("problems");
    const { complaint, reading } = this.model.get("start");
    say(this.message, [complaint, !reading && problems.image, problems.mask].filter(Boolean).join(" "));
  }

  /** The start picture, its mask, and what can be done with both. */
  row({ image, mask, canPaint }) {
    const size = image.size ? image.size.join(" × ") : "";
    const start = this.thumbnail(image, `Start picture, ${size} pixels`, size);
    const painted = mask.reference
      ? this.thumbnail(mask, "Mask: what is white is made anew", "mask: white is made anew") : "";
    const clear = makeButton("Clear", () => this.clear(), { "data-name": "clear", ariaLabel: "Clear the start picture" });
    this.paintButton = makeButton(mask.reference ? "Change the mask" : "Paint a mask", () => this.page.painter.open(),
      { "data-name": "paint", disabled: !canPaint });
    const remove = makeButton("Remove the mask", () => this.page.ask("mask_remove"), { "data-name": "remove" });
    return make("div", {}, make("div", { className: "dwx-start-row" }, start, painted),
      make("div", { className: "dwx-buttons" }, this.paintButton, mask.reference ? remove : "", clear));
  }

  thumbnail({ src }, alt, caption) {
    const picture = src ? make("img", { src, alt }) : make("div", { className: "dwx-blank" }, "gone");
    return make("figure", {}, picture, make("figcaption", {}, caption));
  }

  clear() {
    this.page.ask("start_clear");
    this.file.focus();
  }
}
