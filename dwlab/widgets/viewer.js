// The viewer in a notebook.

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
