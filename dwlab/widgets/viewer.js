// The viewer in a notebook: data and pictures come from the kernel, the state is kept there.

class WidgetSource {
  constructor(model) {
    this.model = model;
    this.document = model.get("document");
    this.requests = new Requests(model);
  }

  ask(action, more) {
    return this.requests.ask(action, more);
  }

  async sheet(number) {
    const { content, bytes } = await this.ask("sheet", { number });
    return { image: await decoded(bytes, "image/webp"), sizes: content.sizes };
  }

  async full(cell) {
    const { bytes } = await this.ask("full", { key: this.document.keys[cell] });
    return URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
  }

  fileOf(cell) {
    return this.document.images[cell];
  }

  async recipe(cell) {
    return (await this.ask("recipe", { key: this.document.keys[cell] })).content;
  }

  async use(action, key) {
    return (await this.ask("use", { how: action, key })).content.text;
  }

  /** Give a picture 1 to 5 stars, or take them back (0); resolves to what to tell. */
  async giveStars(key, stars) {
    return (await this.ask("stars", { key, stars })).content.text;
  }

  stateText() {
    return this.model.get("state");
  }

  saveState(text) {
    this.model.set("state", text);
    this.model.save_changes();
  }

  listen(viewer) {
    viewer.element.addEventListener("keydown", viewer.onkey);
    this.changed = () => viewer.adoptState(this.stateText());
    this.model.on("change:state", this.changed);
  }

  close() {
    this.requests.close();
    this.model.off("change:state", this.changed);
  }
}

/** A viewer as long as there is something to show, else words. */
class ViewerOutput {
  constructor(model, el) {
    Object.assign(this, { model, el });
    el.classList.add("dwv-output");
    this.message = make("p", { className: "dwv-message", role: "status" });
    this.place = make("div", {});
    el.append(this.message, this.place);
    this.paint = () => this.show();
    for (const trait of ["document", "message"]) model.on(`change:${trait}`, this.paint);
    // it has a width once it is on the page
    this.placed = new ResizeObserver(() => el.clientWidth && this.show());
    this.placed.observe(el);
  }

  show() {
    say(this.message, this.model.get("message"));
    this.message.hidden = !this.model.get("message");
    const document = this.model.get("document");
    const isNew = this.viewer && document.title !== this.viewer.source.document.title;
    if (this.viewer && (isNew || !document.keys)) this.end();
    if (!document.keys || !this.el.clientWidth) return;
    if (!this.viewer) {
      this.viewer = new Viewer(new WidgetSource(this.model), this.place.appendChild(make("div", {})));
    } else if (this.viewer.source.document !== document) {
      this.viewer.source.document = document;
      this.viewer.renew(document);
    }
  }

  end() {
    this.viewer?.close();
    this.viewer = undefined;
    this.place.replaceChildren();
  }

  close() {
    this.placed.disconnect();
    this.end();
    for (const trait of ["document", "message"]) this.model.off(`change:${trait}`, this.paint);
  }
}

export default {
  render({ model, el }) {
    const output = new ViewerOutput(model, el);
    return () => output.close();
  },
};
