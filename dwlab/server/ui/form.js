// The recipe's fields: what they offer for a model, what is wrong with them, and what is left to the model.

const DICE = "M4 2h16a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2zM8 6.2a1.8 1.8 0 1 0 0 3.6a1.8 1.8 0 1 0 0-3.6zM16 14.2a1.8 1.8 0 1 0 0 3.6a1.8 1.8 0 1 0 0-3.6zM12 10.2a1.8 1.8 0 1 0 0 3.6a1.8 1.8 0 1 0 0-3.6z";
const NARROW = matchMedia("(max-width: 46rem)");

class Form {
  constructor(element, onDraw) {
    this.element = element;
    this.models = [];
    this.settings = document.getElementById("settings");
    this.settings.open = !NARROW.matches;
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      onDraw();
    });
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      onDraw();
    });
    element.model.addEventListener("change", () => this.paintOffer());
    element.addEventListener("input", () => this.paintChosen());
    this.buildDice(document.getElementById("dice"));
  }

  buildDice(button) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", fill: "currentColor", "aria-hidden": "true" })) svg.setAttribute(name, value);
    path.setAttribute("d", DICE);
    path.setAttribute("fill-rule", "evenodd");
    svg.append(path);
    button.append(svg);
    button.addEventListener("click", () => {
      this.element.seed.value = String(crypto.getRandomValues(new Uint32Array(1))[0]);
      this.paintChosen();
    });
  }

  /** Show the models that the server offers. */
  offer(models) {
    this.models = models;
    const options = models.map(({ id, name, family, here, default: isDefault }) => {
      const place = here ? "here" : isDefault ? "being fetched" : "not on this server";
      const title = here ? "" : `its owner fetches it with: dwlab pull ${id}`;
      return make("option", { value: id, selected: isDefault, disabled: !here && !isDefault, title }, `${name} (${family}) · ${place}`);
    });
    this.element.model.replaceChildren(...options);
    this.paintOffer();
  }

  get model() {
    return this.models.find((model) => model.id === this.element.model.value);
  }

  /** The limits, defaults and schedulers of the chosen model. */
  paintOffer() {
    const { element, model } = this;
    if (!model) return;
    const { limits } = model;
    element.steps.max = limits.max_steps;
    element.num_images.max = limits.max_images;
    for (const side of ["width", "height"]) element[side].max = limits.side_max;
    for (const name of ["steps", "guidance", "width", "height"]) element[name].placeholder = limits[name] ?? "model default";
    const chosen = element.scheduler.value;
    const usual = model.scheduler ? `model default (${model.scheduler})` : "model default";
    const names = model.schedulers.map((name) => make("option", { value: name }, name));
    element.scheduler.replaceChildren(make("option", { value: "" }, usual), ...names);
    this.choose(element.scheduler, chosen);
    this.paintChosen();
  }

  /** Choose a value of a list, which gets it if it has not: a recipe may have any scheduler. */
  choose(select, value) {
    if (![...select.options].some((option) => option.value === value)) select.append(make("option", { value }, value));
    select.value = value;
  }

  /** Beside the folded settings, what is chosen there. */
  paintChosen() {
    const { steps, seed, num_images: pictures } = this.values;
    const words = [this.model?.name, steps && `${steps} steps`, seed && `seed ${seed}`, pictures > 1 && `${pictures} pictures`];
    document.getElementById("chosen").textContent = words.filter(Boolean).map((text) => `· ${text}`).join(" ");
  }

  get values() {
    const recipe = {};
    for (const [name, value] of new FormData(this.element))
      if (value !== "") recipe[name] = TEXT_FIELDS.includes(name) ? value : Number(value);
    return recipe;
  }

  /** Put a recipe into the fields. automatic: what stays left to the model, or to chance. */
  fill(recipe, automatic = []) {
    this.clearError();
    const { element } = this;
    if (!automatic.includes("model")) this.choose(element.model, recipe.model ?? "");
    this.paintOffer();
    for (const field of element.elements) {
      if (!field.name || field.name === "model") continue;
      const value = automatic.includes(field.name) ? "" : String(recipe[field.name] ?? "");
      if (field === element.scheduler) this.choose(field, value);
      else field.value = value;
    }
    this.paintChosen();
  }

  /** Say what is wrong with the first field that has a value it cannot have; whether all are right. */
  check() {
    this.clearError();
    const field = [...this.element.elements].find((each) => each.willValidate && !each.validity.valid);
    if (field) this.showError({ field: field.name, message: this.faultOf(field) });
    return !field;
  }

  faultOf({ name, validity, min, max }) {
    const words = name.replace("num_images", "the number of pictures").replace("_", " ");
    if (name === "prompt") return "Write a prompt first.";
    if (name === "seed") return "The seed must be a whole number from 0 to 9223372036854775807, or empty for a random one.";
    if (validity.valueMissing) return `Enter ${words}.`;
    if (validity.stepMismatch) return name.endsWith("h") || name.endsWith("t") ? `The ${words} must be a multiple of 8.` : `Enter a whole number for ${words}.`;
    return max ? `Enter a number from ${min} to ${max} for ${words}.` : `Enter a number of at least ${min} for ${words}.`;
  }

  /** Show an error below its field; the words for the status. */
  showError({ field: name, message }) {
    const field = name && this.element.elements[name];
    if (!field) return message;
    if (this.settings.contains(field)) this.settings.open = true;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", "wrong");
    field.closest(".field").append(make("p", { id: "wrong", className: "wrong", role: "alert" }, message));
    field.focus();
    return `${message.split("; allowed: ")[0].replace(/\.$/, "")}.`;
  }

  clearError() {
    document.getElementById("wrong")?.remove();
    for (const field of this.element.elements) {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
  }
}
