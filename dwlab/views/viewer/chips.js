// Chips: one for each value of an axis, which switch pictures off and on.

class ChipsView {
  constructor(viewer) {
    this.viewer = viewer;
    this.box = make("div", { className: "dwv-chips" });
    this.summary = make("summary", {}, "Values");
    this.summary.setAttribute("aria-keyshortcuts", "v");
    this.element = make("details", { className: "dwv-values", open: false }, this.summary, this.box);
  }

  paint() {
    const { cells, state } = this.viewer;
    const off = cells.axes.reduce((sum, { name }) => sum + state.off(name).length, 0);
    say(this.summary, off ? `Values (${off} off)` : "Values");
    this.element.hidden = !cells.axes.length;
    const items = cells.axes.map(({ name, values }) => ({ name, values, off: state.off(name) }));
    renew(this.box, items, (item) => this.axis(item));
  }

  axis({ name, values, off }) {
    const chips = values.map((text, code) => {
      const isOff = off.includes(code);
      const shown = text === "" ? "none" : text;
      return makeButton("", () => this.toggle(name, code), {
        className: "dwv-chip", ariaPressed: String(!isOff), "data-name": `${name} ${code}`, ariaLabel: `${name} ${shown}`,
      });
    });
    chips.forEach((chip, code) => chip.append(make("bdi", {}, values[code] || "none")));
    const all = off.length ? [makeButton("all", () => this.set(name, []), { "data-name": `${name} all`, ariaLabel: `all values of ${name}` })] : [];
    return make("div", { className: "dwv-axis", role: "group", ariaLabel: `Values of ${name}` },
      make("span", { className: "dwv-axis-name" }, make("bdi", {}, name)), ...chips, ...all);
  }

  toggle(name, code) {
    const off = this.viewer.state.off(name);
    this.set(name, off.includes(code) ? off.filter((each) => each !== code) : [...off, code].sort((a, b) => a - b));
  }

  set(name, codes) {
    this.viewer.change({ off: { ...this.viewer.state.get("off"), [name]: codes } });
  }
}
