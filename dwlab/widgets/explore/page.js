// The page of the prompt bench: fields, run, history and the sweep's form, painted from what the kernel says.

const FILE_LIMIT = 9 << 20; // bytes; Jupyter takes no message above 10 MiB
const NARROW = 700; // pixels of width below which there is one column
let serial = 0;

class ExplorePage {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    // of this page: another page, or another output of this one, has benches too
    this.id = `dwlab-explore-${++serial}-${Math.random().toString(36).slice(2)}`;
    this.requests = new Requests(model);
    this.files = new PictureFiles(this.requests);
    this.sweepForm = new SweepFormView(this);
    this.fields = new FieldsView(this);
    this.start = new StartView(this);
    this.fields.startPlace.replaceWith(this.start.element);
    this.run = new RunView(this);
    this.painter = new PainterView(this);
    this.stage = new StageView(this);
    this.dialog = new PictureDialog((key) => this.files.address(key), new PictureActions(this));
    this.history = new HistoryView(this);
    this.helps = new PromptHelpsView(this, this.fields.fields.prompt.input);
    this.top = make("div", { className: "dwx-ask" }, this.fields.prompt, this.run.element, this.helps.element);
    el.classList.add("dw", "dwlab-explore");
    el.append(
      make("div", { className: "dwlab-heartbeat", role: "alert" }),
      make("div", { className: "dwx-columns" }, this.top,
        make("div", { className: "dwx-show" }, this.painter.element, this.stage.element), this.fields.settings),
      ...this.history.elements,
      this.sweepForm.element, this.dialog.element);
    this.painters = this.connectPainters();
    this.listen();
    this.heartbeat = new Heartbeat(model, el);
    for (const paint of Object.values(this.painters)) paint();
    this.watch = new ResizeObserver(() => this.fit());
    this.watch.observe(el); // nothing has a size before it is on the page
    this.refit = () => this.fit();
    window.addEventListener("resize", this.refit);
  }

  /** Fit everything to the width of the page and the height of the window. */
  fit() {
    if (!this.el.clientWidth) return;
    const isNarrow = this.el.clientWidth < NARROW;
    if (isNarrow !== this.isNarrow) {
      this.isNarrow = isNarrow;
      this.el.classList.toggle("dwx-narrow", isNarrow);
      this.fields.fold();
    }
    this.el.querySelectorAll("textarea").forEach(grow);
    this.stage.layOut();
    this.history.gallery.fit();
  }

  /** Ask the kernel for an action. */
  ask(action, more = {}, buffers = []) {
    this.model.send({ do: action, ...more }, undefined, buffers);
  }

  /** Ask for something made of the fields. They travel with it, because a change that was sent before may arrive after. */
  askWithFields(action, more = {}) {
    this.painter.send();
    this.ask(action, { controls: this.fields.values, ...more });
    this.fields.flush();
  }

  /** Ask for something that changes some fields. What is typed counts before: later, it would take the change back. */
  askAfterFields(action, more = {}, buffers = []) {
    this.fields.flush();
    const { values, edit } = this.fields;
    this.ask(action, { controls: values, edit, ...more }, buffers);
  }

  /** Ask for something that fills the fields with a recipe: what is typed there and not sent yet is given up, except the number of pictures. */
  askForFields(action, more = {}, buffers = []) {
    const { count } = this.fields.values;
    this.fields.discard();
    this.ask(action, { controls: { count }, edit: this.fields.edit, ...more }, buffers);
  }

  /** Hand the bytes of a file to `send`. It was dropped, or chosen in a field, which is emptied. */
  async readFile(files, field, send) {
    if (!files || !files.length) return;
    if (files[0].size > FILE_LIMIT) this.run.complain("The picture is too large: at most 9 MiB are allowed.");
    else send(await files[0].arrayBuffer());
    field.value = "";
  }

  /** What the kernel keeps for the page: chosen (a picture of the history), name, axes, open (the sweep's form). */
  get state() {
    return this.model.get("page");
  }

  remember(more) {
    this.model.set("page", { ...this.state, ...more });
    this.model.save_changes();
  }

  /** What is painted when a trait changes; returns trait -> function. */
  connectPainters() {
    const { fields, helps, start, painter, run, stage, history, sweepForm } = this;
    const paintMessages = () => { fields.paintMessages(); start.paintMessage(); run.paintMessages(); };
    const painters = {
      controls: () => fields.paint(),
      extras: () => fields.paintExtras(),
      offer: () => { fields.paint(); helps.paint(); stage.paint(); sweepForm.paint(); },
      saved: () => helps.paint(),
      start: () => { start.paint(); fields.paint(); painter.paint(); stage.paint(); history.paint(); },
      problems: paintMessages,
      notice: paintMessages,
      tokens: paintMessages,
      status: () => run.paintStatus(),
      stage: () => stage.paint(),
      view: () => history.paint(),
      selected: () => history.paint(),
      listing: () => history.paint(),
      picked: () => history.paint(),
      page: () => { fields.fold(); history.paint(); sweepForm.paint(); },
      pair: () => history.paint(),
      inputs: () => history.paint(),
      plan: () => sweepForm.paintPlan(),
      form: () => sweepForm.paintForm(),
      sweeping: () => sweepForm.paintProgress(),
    };
    for (const [trait, paint] of Object.entries(painters)) this.model.on(`change:${trait}`, paint);
    return painters;
  }

  listen() {
    this.el.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      event.stopPropagation();
      this.run.start();
    });
    for (const kind of ["dragover", "drop"]) {
      this.el.addEventListener(kind, (event) => {
        event.preventDefault();
        event.stopPropagation();
      });
    }
    this.el.addEventListener("drop", (event) => {
      const view = this.start.element.contains(event.target) ? this.start : this.fields;
      view.drop(event.dataTransfer.files);
    });
  }

  close() {
    this.fields.flush();
    this.heartbeat.close();
    this.history.close();
    this.requests.close();
    this.files.close();
    window.removeEventListener("resize", this.refit);
    this.watch.disconnect();
    for (const [trait, paint] of Object.entries(this.painters)) this.model.off(`change:${trait}`, paint);
  }
}

export default {
  render({ model, el }) {
    const page = new ExplorePage(model, el);
    return () => page.close();
  },
};
