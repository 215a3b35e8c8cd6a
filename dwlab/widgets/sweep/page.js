// The page of the sweep panel: form, plan, run and answer, painted from what the kernel says.

const SEND_AFTER = 200; // milliseconds without a key

class SweepPageView extends PanelPage {
  constructor(model, el) {
    super(model, el, "dwp-page");
    this.sent = 0; // edits
    this.form = new FormView(this);
    this.plan = new PlanView(this);
    this.place = new PlaceView(this);
    this.workers = new WorkersView(this);
    this.bar = new RunBar(this, { run: "Compute the missing pictures", cancel: "Stop within a step; finished pictures are kept" });
    this.answer = new AnswerView(this);
    this.links = new FileLinks(this);
    el.append(make("div", { className: "dwp-columns" }, this.form.element,
      make("div", { className: "dwp-side" }, this.plan.element, this.place.element, this.bar.element, this.workers.element)), this.answer.element, this.links.element);
    this.form.paint();
    this.place.paint();
    this.connect({
      offer: () => { this.form.paintOffer(); this.place.paintOffer(); },
      form: () => this.formChanged(),
      problem: () => { this.form.paintProblem(); this.place.paintProblem(); },
      plan: () => { this.plan.paint(); this.paintRun(); },
      run: () => this.paintRun(),
      workers: () => this.workers.paint(),
      answer: () => this.answer.paint(),
      files: () => this.links.paint(),
    });
    this.watch = new ResizeObserver(() => el.querySelectorAll("textarea").forEach(grow));
    this.watch.observe(el); // a text area has no height before it is on the page
  }

  /** Ask the kernel for an action. The form travels with it: messages of this kind arrive in their order. */
  ask(action, more = {}) {
    if (action === "served" || action === "cancel") return this.model.send({ do: action, ...more });
    clearTimeout(this.timer);
    this.timer = undefined;
    this.sent += 1;
    return this.model.send({ do: action, form: this.form.values, where: this.place.value, edit: [this.id, this.sent], ...more });
  }

  /** Something was typed; it is sent when no key comes for a moment. */
  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask("edit"), SEND_AFTER);
  }

  pick(experiment) {
    clearTimeout(this.timer); // what is typed goes with the experiment before
    this.timer = undefined;
    this.sent += 1;
    this.model.send({ do: "pick", experiment, edit: [this.id, this.sent] });
  }

  removeRow(name) {
    this.form.parameter.focus();
    this.ask("remove", { name });
  }

  /** The kernel's form. What this page has typed since is newer, and comes back in a moment. */
  formChanged() {
    const [page, number] = this.model.get("form").edit ?? [];
    const isLate = page === this.id && number < this.sent;
    if (isLate || this.timer !== undefined) return;
    this.form.paint();
    this.place.paint();
  }

  paintRun() {
    this.bar.paint(this.plan.canRun);
  }

  close() {
    if (this.timer !== undefined) this.ask("edit");
    this.watch.disconnect();
    super.close();
  }
}

export default {
  render({ model, el }) {
    const page = new SweepPageView(model, el);
    return () => page.close();
  },
};
