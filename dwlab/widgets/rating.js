// The rating view in a notebook: it asks the kernel, and takes keys while it has the focus.

class KernelTransport {
  constructor(model) {
    Object.assign(this, { model, waiting: new Map(), page: Math.random().toString(36).slice(2), asked: 0 });
    this.told = (content, buffers) => this.answered(content, buffers);
    model.on("msg:custom", this.told);
  }

  /** Send a question; each page hears all answers, so each question has a number of its own. */
  send(question) {
    const number = `${this.page}-${++this.asked}`;
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      this.model.send({ ...question, number });
    });
  }

  answered(content, buffers) {
    const question = this.waiting.get(content.number);
    if (!question) return;
    this.waiting.delete(content.number);
    if (content.error || content.missing) question.reject(new Error(content.error || "The picture is missing."));
    else question.resolve(content.state || new Blob([buffers[0]], { type: "image/png" }));
  }

  ask(action, body) {
    return this.send({ ask: action, ...body });
  }

  picture(pair, side) {
    return this.send({ ask: "picture", pair, side });
  }

  close() {
    this.model.off("msg:custom", this.told);
  }
}

export default {
  render({ model, el }) {
    const root = document.createElement("div");
    root.tabIndex = 0;
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Rating: arrow keys vote, t is equal, s skips, z takes back");
    const line = document.createElement("div");
    line.className = "dwlab-heartbeat";
    line.setAttribute("role", "alert");
    el.classList.add("dw", "dwlab-rating-notebook");
    el.append(line, root);
    const transport = new KernelTransport(model);
    const view = new RatingView(root, transport, model.get("rater"));
    root.addEventListener("keydown", (event) => view.pressed(event));
    const heartbeat = new Heartbeat(model, el);
    return () => {
      heartbeat.close();
      transport.close();
      view.forgetOthers([]);
    };
  },
};
