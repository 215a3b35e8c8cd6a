// Helps with the prompt: earlier ones, saved snippets and styles, weights of words.

class PromptHelpsView {
  /** area: the prompt's text area. */
  constructor(page, area) {
    this.page = page;
    this.model = page.model;
    this.area = area;
    this.history = new PromptHistory(area, () => this.earlier(), (text) => this.replace(text));
    this.name = make("input", { type: "text", maxLength: 60, placeholder: "a name", onkeydown: (event) => event.key === "Enter" && this.save("snippet") });
    this.message = makeMessage();
    describe(this.name, this.message, `${page.id}-saved-name`, "Name to save the prompt under");
    this.earlierList = make("div", { className: "dwx-earlier", role: "group", ariaLabel: "Earlier prompts" });
    this.snippets = make("ul", { className: "dwx-saved", ariaLabel: "Snippets" });
    this.styles = make("ul", { className: "dwx-saved", ariaLabel: "Styles" });
    this.weights = make("p", { className: "dwx-help" }, "Ctrl+↑ and Ctrl+↓ change the weight of the word at the cursor, or of what is selected.");
    this.element = this.build();
    for (const each of [area, page.fields.fields.negative_prompt.input])
      each.addEventListener("keydown", (event) => this.pressed(event));
  }

  build() {
    const saving = make("div", { className: "dwx-saving" }, this.name,
      makeButton("Save as snippet", () => this.save("snippet"), { title: "What is selected in the prompt, or all of it" }),
      makeButton("Save as style", () => this.save("style"), { title: "The prompt, with {prompt} where another prompt goes, and the negative prompt" }));
    return make("details", { className: "dwx-helps", ontoggle: () => this.toggled() },
      make("summary", {}, "Earlier prompts, snippets, styles"),
      this.weights,
      make("h4", {}, "Earlier (↑ in the first line of the prompt)"), this.earlierList,
      make("h4", {}, "Snippets"), this.snippets,
      make("h4", {}, "Styles"), this.styles,
      saving, this.message, this.history.spoken);
  }

  async earlier() {
    const { content } = await this.page.requests.ask("prompts", {});
    return content.prompts ?? [];
  }

  paint() {
    const saved = this.model.get("saved");
    this.weights.hidden = !this.model.get("offer").weights;
    this.paintSaved(this.snippets, saved.filter(({ kind }) => kind === "snippet"), "Save a part of a prompt here, to insert it again.");
    this.paintSaved(this.styles, saved.filter(({ kind }) => kind === "style"), "Save a prompt with {prompt} in it, to put it around others.");
    if (this.element.open) this.paintEarlier();
  }

  paintSaved(list, saved, empty) {
    renew(list, saved.length ? saved : [{ empty }], (prompt) => this.savedItem(prompt));
  }

  savedItem({ empty, kind, name, text, negative_prompt: negative }) {
    if (empty) return make("li", { className: "dwx-help" }, empty);
    const title = [text, negative && `Negative prompt: ${negative}`].filter(Boolean).join("\n");
    const use = kind === "style" ? () => this.wrap(text, negative) : () => this.insert(text);
    return make("li", {}, makeButton(name, use, { title, "data-name": `${kind} ${name}` }),
      makeButton("×", () => this.page.ask("remove_prompt", { kind, name }), { ariaLabel: `Forget ${kind} ${name}`, title: `Forget ${name}` }));
  }

  async paintEarlier() {
    const prompts = await this.earlier();
    const items = prompts.length ? prompts : [undefined];
    renew(this.earlierList, items, (prompt) => (prompt
      ? makeButton(prompt, () => this.replace(prompt), { title: prompt, "data-name": prompt })
      : make("p", { className: "dwx-help" }, "Prompts that were drawn are listed here.")));
  }

  toggled() {
    if (this.element.open) this.paintEarlier();
    this.page.stage.layOut();
  }

  pressed(event) {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (isPlain && event.target === this.area && this.history.pressed(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const by = { ArrowUp: WEIGHT_STEP, ArrowDown: -WEIGHT_STEP }[event.key];
    if (!by || !(event.ctrlKey || event.metaKey) || !this.model.get("offer").weights) return;
    event.preventDefault();
    event.stopPropagation();
    this.weigh(event.target, by);
  }

  /** Change the weight of a word in a text area. */
  weigh(area, by) {
    const change = reweighed(area.value, area.selectionStart, area.selectionEnd, by);
    if (!change) return;
    putText(area, change.part.start, change.part.end, change.fresh);
    area.setSelectionRange(change.start, change.end);
    const { more } = this.page.fields.values;
    if (!more?.others?.includes('"prompt_weighting"')) this.page.askAfterFields("weigh");
  }

  replace(text) {
    putText(this.area, 0, this.area.value.length, text);
  }

  insert(text) {
    const { value, selectionStart, selectionEnd } = this.area;
    const before = value.slice(0, selectionStart);
    const gap = before && !/[\s(]$/.test(before) ? ", " : "";
    putText(this.area, selectionStart, selectionEnd, `${gap}${text}`);
  }

  /** Put a style around the prompt, and its negative prompt behind that of the recipe. */
  wrap(text, negative) {
    this.replace(text.replace("{prompt}", () => this.area.value.trim()));
    const { input } = this.page.fields.fields.negative_prompt;
    if (negative && !input.value.includes(negative)) {
      putText(input, 0, input.value.length, [input.value.trim(), negative].filter(Boolean).join(", "));
      this.area.focus();
    }
  }

  async save(kind) {
    const { area } = this;
    const selected = area.value.slice(area.selectionStart, area.selectionEnd).trim();
    const text = kind === "snippet" && selected ? selected : area.value;
    const negative = kind === "style" ? this.page.fields.values.negative_prompt || "" : "";
    const name = this.name.value;
    const { content } = await this.page.requests.ask("save_prompt", { kind, name, text, negative_prompt: negative });
    say(this.message, content.text ? `${content.field === "name" ? "Name" : "Prompt"}: ${content.text}` : "");
    // another name may have been typed meanwhile
    if (!content.text && this.name.value === name) this.name.value = "";
  }
}
