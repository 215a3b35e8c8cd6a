// The history: a strip of pictures, the marks of the chosen one, and two of them over each other.

class HistoryView {
  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.strip = make("div", { className: "dwx-strip", role: "list", ariaLabel: "Pinned pictures, then the newest" });
    this.older = makeButton("Older", () => page.ask("older"));
    this.details = make("div", { className: "dwx-details" });
    this.pair = make("section", { className: "dwx-pair", ariaLabel: "What changed" });
    const line = make("div", { className: "dwx-history" }, this.strip, this.older);
    this.elements = [make("h3", {}, "History"), line, this.details, this.pair];
  }

  paint() {
    const { chosen, held } = this.page.state;
    const entries = this.model.get("strip")
      .map((entry) => ({ ...entry, chosen: entry.key === chosen, held: entry.key === held }));
    const empty = { empty: "Your pictures are kept here, even when the kernel restarts." };
    renew(this.strip, entries.length ? entries : [empty], (entry) => this.thumbnail(entry));
    this.older.hidden = !this.model.get("older");
    this.paintDetails();
  }

  thumbnail({ empty, key, src, text, pin, stars, note, chosen, held }) {
    if (empty) return make("p", { className: "dwx-empty" }, empty);
    const marks = `${pin ? "📌" : ""}${"★".repeat(stars || 0)}${note ? "✎" : ""}`;
    const button = make("button",
      { type: "button", "data-name": key, title: text, ariaPressed: chosen, onclick: () => this.choose(key) },
      make("img", { src, alt: text }), make("span", {}, marks));
    return make("div", { role: "listitem", className: held ? "dwx-held" : "" }, button);
  }

  choose(key) {
    this.page.remember({ chosen: key });
    this.page.askForFields("restore", { key });
  }

  paintDetails() {
    const entry = this.model.get("strip").find(({ key }) => key === this.page.state.chosen);
    const off = this.page.start.isOff("image");
    const shown = entry ? [{ ...entry, held: this.page.state.held, inputs: this.addresses(entry), off }] : [];
    renew(this.details, shown, (item) => this.detail(item)); // a note that is being typed stays
  }

  /** The addresses of the pictures that one of the history started from. */
  addresses({ inputs }) {
    return inputs.map((reference) => this.model.get("inputs")[reference]).filter(Boolean);
  }

  detail({ key, stars, pin, note, held, inputs }) {
    const mark = (name, value) => this.page.ask("mark", { key, mark: name, value });
    const button = (name, text, onclick, more = {}) => makeButton(text, onclick, { "data-name": name, ...more });
    let compare = "Hold for comparison";
    if (held) compare = held === key ? "Let go" : "Compare with the held picture";
    const [start, mask] = inputs.map((src, index) =>
      make("img", { src, alt: index ? "Its mask" : "It started from this picture", title: index ? "Its mask" : "Its start picture" }));
    return make("div", { className: "dwx-detail" }, start || "", mask || "",
      this.starButtons(stars || 0, (number) => mark("stars", number)),
      button("pin", pin ? "Unpin" : "Pin", () => mark("pin", pin ? 0 : 1), { ariaPressed: Boolean(pin) }),
      this.noteField(note || "", (text) => mark("note", text)),
      button("hold", compare, () => this.hold(key)),
      button("hide", "Hide", () => this.hide(key)),
      this.page.start.useButton(key),
      varyButtons(this.page, key));
  }

  starButtons(stars, give) {
    const buttons = [1, 2, 3, 4, 5].map((number) => makeButton(
      number <= stars ? "★" : "☆",
      () => give(number === stars ? 0 : number),
      { "data-name": `star ${number}`, ariaLabel: `${number} of 5 stars`, ariaPressed: number <= stars }));
    return make("span", { className: "dwx-stars", role: "group", ariaLabel: "Stars" }, ...buttons);
  }

  noteField(text, write) {
    const input = make("input", {
      type: "text", value: text, placeholder: "a note", ariaLabel: "Note", maxLength: 2000,
      onchange: () => write(input.value),
      onkeydown: (event) => event.key === "Enter" && input.blur(),
    });
    return input;
  }

  /** Hide a picture; the focus goes to the next one. */
  hide(key) {
    const keys = this.model.get("strip").map((entry) => entry.key);
    const index = keys.indexOf(key);
    const neighbour = keys[index + 1] || keys[index - 1] || "";
    this.strip.querySelector(`[data-name="${CSS.escape(neighbour)}"]`)?.focus();
    this.page.ask("mark", { key, mark: "hide", value: 1 });
  }

  hold(key) {
    const other = this.page.state.held;
    this.page.remember({ held: other ? "" : key });
    this.page.ask("compare", { keys: other && other !== key ? [other, key] : [] });
  }

  paintPair() {
    const { pictures, changed } = this.model.get("pair");
    this.pair.replaceChildren();
    if (pictures) this.pair.append(this.wipe(...pictures), this.changes(changed));
  }

  /** Two pictures over each other, and a slider that uncovers the left one. */
  wipe(left, right) {
    const bottom = make("img", { src: left.src, alt: left.text });
    const top = make("img", { src: right.src, alt: right.text });
    const uncover = () => { top.style.clipPath = `inset(0 0 0 ${slider.value}%)`; };
    const slider = make("input",
      { type: "range", min: 0, max: 100, value: 50, ariaLabel: "Wipe between the two pictures", oninput: uncover });
    uncover();
    const use = make("div", { className: "dwx-buttons" },
      this.page.start.useButton(left.key, "Use left as start"), this.page.start.useButton(right.key, "Use right as start"));
    return make("div", { className: "dwx-wipe" }, make("div", { className: "dwx-over-each-other" }, bottom, top), slider, use);
  }

  /** A value of a recipe; a picture is shown as long as it is there. */
  value(name, text) {
    const src = this.model.get("inputs")[text];
    return src ? make("img", { src, alt: LABELS[name] || name }) : text || "–";
  }

  changes(changed) {
    const heads = ["what changed", "left", "right"].map((text) => make("th", { scope: "col" }, text));
    const rows = changed.map(([name, left, right]) => make("tr", {},
      make("th", { scope: "row" }, LABELS[name] || name),
      make("td", {}, this.value(name, left)), make("td", {}, this.value(name, right))));
    return make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  }
}
