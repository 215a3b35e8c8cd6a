// The page of the sweep panel: form, plan, run and answer, painted from what the kernel says.

const SEND_AFTER = 200; // milliseconds without a key
let sweepPages = 0;

class SweepPageView {
  constructor(model, el) {
    Object.assign(this, { model, el, sent: 0 });
    // of this page: another page, or another output of this one, has panels too
    this.id = `dwlab-sweep-${++sweepPages}-${Math.random().toString(36).slice(2)}`;
    this.form = new FormView(this);
    this.plan = new PlanView(this);
    this.bar = new RunBar(this, { run: "Compute the missing pictures", cancel: "Stop within a step; finished pictures are kept" });
    this.answer = new AnswerView(this);
    this.links = new FileLinks(this);
    el.classList.add("dw", "dwp-page");
    el.append(make("div", { className: "dwp-columns" }, this.form.element,
      make("div", { className: "dwp-side" }, this.plan.element, this.bar.element)), this.answer.element, this.links.element);
    this.painters = {
      offer: () => this.form.paintOffer(),
      form: () => this.formChanged(),
      problem: () => this.form.paintProblem(),
      plan: () => { this.plan.paint(); this.paintRun(); },
      run: () => this.paintRun(),
      answer: () => this.answer.paint(),
      files: () => this.links.paint(),
    };
    for (const [trait, paint] of Object.entries(this.painters)) model.on(`change:${trait}`, paint);
    el.addEventListener("keydown", (event) => this.pressed(event));
    this.form.paint();
    for (const paint of Object.values(this.painters)) paint();
    this.watch = new ResizeObserver(() => el.querySelectorAll("textarea").forEach(grow));
    this.watch.observe(el); // a text area has no height before it is on the page
  }

  /** Ask the kernel for an action. The form travels with it: messages of this kind arrive in their order. */
  ask(action, more = {}) {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (action === "served" || action === "cancel") return this.model.send({ do: action, ...more });
    this.sent += 1;
    return this.model.send({ do: action, form: this.form.values, edit: [this.id, this.sent], ...more });
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

  start() {
    if (this.bar.runButton.disabled) return;
    this.ask("run");
  }

  /** The kernel's form. What this page has typed since is newer, and comes back in a moment. */
  formChanged() {
    const [page, number] = this.model.get("form").edit ?? [];
    const isLate = page === this.id && number < this.sent;
    if (!isLate && this.timer === undefined) this.form.paint();
  }

  paintRun() {
    this.bar.paint(this.plan.canRun);
  }

  pressed(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    this.start();
  }

  close() {
    if (this.timer !== undefined) this.ask("edit");
    this.watch.disconnect();
    for (const [trait, paint] of Object.entries(this.painters)) this.model.off(`change:${trait}`, paint);
  }
}

export default {
  render({ model, el }) {
    const page = new SweepPageView(model, el);
    return () => page.close();
  },
};
