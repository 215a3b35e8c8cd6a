// A group of boxes to tick, and the list of files, which can also be dropped or chosen.

class TicksView {
  /** items: [value, text]. change(values): what is ticked now. */
  constructor(page, name, field) {
    Object.assign(this, { page, field });
    this.message = makeMessage({ id: `${page.id}-${field}-message` });
    this.boxes = make("div", { className: "dwb-boxes" });
    this.element = make("div", { className: "dwp-row", role: "group", ariaLabel: name },
      make("div", { className: "dwp-row-name" }, name), make("div", {}, this.boxes, this.message));
  }

  paint(items, ticked) {
    const shown = items.map(([value, text]) => ({ value, text, on: ticked.includes(value) }));
    renew(this.boxes, shown, ({ value, text, on }) => {
      const box = make("input", { type: "checkbox", checked: on, value, "data-name": `${this.field} ${value}`, onchange: () => this.changed() });
      return make("label", { title: value }, box, make("bdi", {}, text));
    });
  }

  changed() {
    const ticked = [...this.boxes.querySelectorAll("input")].filter((box) => box.checked).map((box) => box.value);
    this.page.ask("choose", { [this.field]: ticked });
  }

  say(text) {
    say(this.message, text);
  }
}

const FILE_LIMIT = 9 << 20; // bytes; Jupyter takes no message above 10 MiB

class FilesView extends TicksView {
  constructor(page) {
    super(page, "Files", "files");
    this.chosen = make("input", { type: "file", accept: ".json,application/json", multiple: true, onchange: () => this.add(this.chosen.files) });
    this.element.classList.add("dwb-files");
    this.boxes.after(make("label", { className: "dwp-muted dwb-choose" }, "Another machine's file, or drop it here ", this.chosen));
    for (const kind of ["dragover", "drop"]) {
      page.el.addEventListener(kind, (event) => {
        event.preventDefault();
        event.stopPropagation();
      });
    }
    page.el.addEventListener("drop", (event) => this.add(event.dataTransfer.files));
  }

  async add(files) {
    for (const file of [...files]) {
      if (file.size > FILE_LIMIT) this.say(`${file.name} is too large: at most 9 MiB are allowed.`);
      else this.page.ask("add", { name: file.name }, [await file.arrayBuffer()]);
    }
    this.chosen.value = "";
  }
}
