// Where a view of a sweep in a notebook has its data and pictures from: the kernel, which keeps its state too.

class WidgetSource {
  constructor(model) {
    this.model = model;
    this.document = model.get("document");
    this.isInPanel = true; // with little room
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
