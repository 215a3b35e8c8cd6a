// What can be done with a finished picture, on the stage and where it is large.

class PictureActions {
  constructor(page) {
    this.page = page;
    this.buttons = [
      keyedButton("Save PNG", "s", () => this.save()),
      keyedButton("Copy recipe", "r", () => this.copy("recipe", "The recipe")),
      keyedButton("Copy command", "m", () => this.copy("command", "The command")),
      keyedButton("Use settings", "b", () => this.useSettings()),
      keyedButton("Rerun", "x", () => this.rerun()),
    ];
    this.place = make("span", { className: "dwx-use-place" });
    this.row = make("div", { className: "dwx-buttons", role: "group", ariaLabel: "This picture" }, ...this.buttons, this.place);
    this.news = make("div", { className: "dwx-news", role: "status" });
    this.byHand = make("div", { className: "dwx-by-hand" });
    this.element = make("div", { className: "dwx-picture-actions" }, this.row, this.news, this.byHand);
  }

  /** The picture that the buttons are about; one that is not finished has none. */
  show(picture) {
    const { key = "" } = picture ?? {};
    const isOff = this.page.start.isOff("image");
    this.row.hidden = !key;
    if (this.key === key && this.isOff === isOff) return;
    if (this.key !== key) {
      this.tell("");
      this.byHand.replaceChildren();
    }
    Object.assign(this, { key, isOff });
    const use = this.page.start.useButton(key);
    use.setAttribute("aria-keyshortcuts", "u");
    use.title += " (key u)";
    this.place.replaceChildren(use);
  }

  tell(text) {
    say(this.news, text);
  }

  async save() {
    const { key } = this;
    const { bytes, name, problem } = await this.page.files.file(key);
    if (problem) return this.tell(problem);
    saveAs(name, bytes, "image/png");
    return this.tell("Saved, with the recipe in the file.");
  }

  async copy(name, spoken) {
    const { content } = await this.page.requests.ask("recipe", { key: this.key });
    if (!content[name]) return this.tell(content.text);
    const offer = (text) => this.byHand.replaceChildren(make("pre", { tabIndex: 0, ariaLabel: spoken }, text));
    return copyAndTell(content[name], spoken, (text) => this.tell(text), offer);
  }

  useSettings() {
    this.page.askForFields("restore", { key: this.key, onto_stage: false });
    this.tell("Its settings and its seed are in the fields.");
  }

  rerun() {
    this.page.ask("rerun", { key: this.key });
    this.tell("It is made again. How it differs is said below the Run button.");
  }
}
