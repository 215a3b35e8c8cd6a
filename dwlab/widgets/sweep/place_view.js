// The field that says where a sweep is computed.

class PlaceView {
  constructor(page) {
    this.model = page.model;
    const id = `${page.id}-where`;
    this.choices = make("datalist", { id: `${id}-choices` });
    this.input = make("input", {
      type: "text", id, spellcheck: false, autocomplete: "off", placeholder: "local", oninput: () => page.typed(),
      title: "local: in this kernel. cpu*2: two processes. cuda:*: one process per GPU. dask://HOST:PORT: a scheduler of Dask. slurm and options: a job.",
    });
    this.input.setAttribute("list", this.choices.id);
    this.message = makeMessage({ id: `${id}-message` });
    this.input.setAttribute("aria-describedby", this.message.id);
    this.element = make("div", { className: "dwp-place" }, make("label", { htmlFor: id }, "Where"), this.input, this.choices, this.message);
  }

  get value() {
    return this.input.value;
  }

  paint() {
    const { where = "" } = this.model.get("form");
    if (this.input.value !== where) this.input.value = where;
  }

  paintOffer() {
    const { places = [] } = this.model.get("offer");
    renew(this.choices, places, (value) => make("option", { value }));
  }

  paintProblem() {
    const { row = "", text = "" } = this.model.get("problem");
    const isHere = row === "where";
    this.input.setAttribute("aria-invalid", String(isHere));
    say(this.message, isHere ? text : "");
  }
}
