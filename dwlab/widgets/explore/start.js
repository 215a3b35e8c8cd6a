// The picture that runs start from: where it is dropped or chosen, its mask, and the fields about both.

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
    const number = (name, properties) => this.page.fields.field(name,
      make("input", { type: "number", min: 0, inputMode: "decimal", ...properties }));
    return make("div", { className: "dwx-grid" },
      number("strength", { step: "any", max: 1 }),
      number("mask_padding", { step: 1, max: 4096, placeholder: "pixels" }),
      number("mask_blur", { step: 1, max: 1024, placeholder: "pixels" }));
  }

  /** The field is marked while a file is over it: elsewhere on the page a file is read for its recipe. */
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
    this.page.readFile(files, this.file, (data) => this.page.askAfterFields("start", {}, [data]));
  }

  /** Start from a picture of the history. */
  useButton(key, text = "Use as start") {
    const title = "Start the next runs from this picture";
    return makeButton(text, () => this.page.askAfterFields("start_from", { key }),
      { "data-name": `${key} start`, className: "dwx-use", title, disabled: this.isOff("image") });
  }

  paint() {
    const { image = {}, mask = {}, note = "", reading } = this.model.get("start");
    const shown = image.reference ? [{ image, mask, canPaint: !this.isOff("mask") && Boolean(image.size), reading }] : [];
    renew(this.pictures, shown, (start) => this.row(start));
    this.file.disabled = this.isOff("image");
    say(this.note, reading ? "Reading the picture …" : note);
    this.paintFields();
    this.paintMessage();
  }

  /** In empty fields, the values that then hold. */
  paintFields() {
    const { image, strength } = this.model.get("start");
    const { fields } = this.page.fields;
    for (const name of ["strength", "mask_padding"]) fields[name].input.disabled = this.isOff(name);
    fields.strength.input.placeholder = strength == null ? "the model's own" : `${strength} (the model's own)`;
    const size = image?.reference && !this.isOff("image") ? "as the picture" : "";
    for (const name of ["width", "height"]) fields[name].input.placeholder = size;
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
    this.page.askAfterFields("start_clear");
    this.file.focus();
  }
}
