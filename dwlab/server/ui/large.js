// One picture as large as the window, with what can be done with it.

class Large {
  /** actions: use(picture, withSeed), remove(picture). */
  constructor(actions) {
    this.actions = actions;
    this.element = document.getElementById("large");
    this.image = make("img");
    this.facts = make("div", { className: "facts", tabIndex: 0, role: "group", ariaLabel: "Recipe" });
    this.position = make("span", { role: "status" });
    this.before = makeButton("←", () => this.walk(-1), { ariaLabel: "Previous picture", title: "Previous picture (←)" });
    this.after = makeButton("→", () => this.walk(1), { ariaLabel: "Next picture", title: "Next picture (→)" });
    this.download = make("a", { className: "button" }, "Download PNG");
    this.use = makeButton("Use recipe", () => this.leave(() => actions.use(this.picture, false)), { title: "What was left to the model stays so; the seed is drawn anew if it was" });
    this.reuse = makeButton("Use recipe and seed", () => this.leave(() => actions.use(this.picture, true)), { title: "To draw this very picture again" });
    this.remove = makeButton("Delete", () => this.askOrRemove());
    const close = makeButton("Close", () => this.element.close(), { className: "apart", title: "Close (Escape)" });
    this.element.append(
      make("div", { className: "buttons" }, this.before, this.after, this.position, close),
      make("div", { className: "buttons" }, this.download, this.use, this.reuse, this.remove),
      make("div", { className: "picture" }, this.image), this.facts);
    this.element.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by) this.walk(by);
    });
  }

  /** Show one of several pictures: {url, recipe, state, note, entry, index}. */
  open(pictures, at) {
    this.pictures = pictures;
    this.at = at;
    if (!this.element.open) this.element.showModal();
    this.confirming(false);
    this.paint();
  }

  get picture() {
    return this.pictures?.[this.at];
  }

  walk(by) {
    this.at = Math.min(Math.max(this.at + by, 0), this.pictures.length - 1);
    this.confirming(false);
    this.paint();
  }

  /** Close, and go on with the page. */
  leave(next) {
    this.element.close();
    next();
  }

  paint() {
    const { picture, at, pictures } = this;
    if (!picture || !this.element.open) return;
    const isDone = picture.state === "done";
    // one that waits has nothing to show yet
    this.image.hidden = !picture.url;
    if (picture.url) this.image.src = picture.url;
    this.image.alt = picture.recipe.prompt;
    say(this.position, `${at + 1} of ${pictures.length}`);
    this.before.ariaDisabled = String(at === 0);
    this.after.ariaDisabled = String(at === pictures.length - 1);
    for (const element of [this.download, this.use, this.reuse, this.remove]) element.hidden = !isDone;
    this.download.href = picture.url;
    this.download.download = picture.url.split("/").at(-1);
    const note = picture.note ? [make("p", { className: "wrong" }, picture.note)] : [];
    this.facts.replaceChildren(...note, make("p", {}, make("bdi", {}, picture.recipe.prompt)), make("p", { className: "status" }, this.words(picture)));
  }

  words({ recipe, state }) {
    const negative = recipe.negative_prompt ? `without “${isolated(recipe.negative_prompt)}”, ` : "";
    return state === "done" ? `${negative}${factsOf(recipe)}` : "a preview";
  }

  confirming(isAsked) {
    this.isAsked = isAsked;
    this.remove.textContent = isAsked ? "Delete for good?" : "Delete";
    this.remove.classList.toggle("dw-main", isAsked);
  }

  async askOrRemove() {
    if (!this.isAsked) return this.confirming(true);
    const { picture } = this;
    try {
      await this.actions.remove(picture);
    } catch (error) {
      this.confirming(false);
      this.facts.prepend(make("p", { className: "wrong", role: "alert" }, error.message));
      return;
    }
    const left = this.pictures.filter((other) => other !== picture);
    if (!left.length) return this.element.close();
    this.open(left, Math.min(this.at, left.length - 1));
  }
}
