// Two pictures side by side and a vote on them: the same view on the page of `dwlab rate` and in a notebook.

const VOTES = {
  left: { name: "A is better", key: "←", keys: ["ArrowLeft"] },
  tie: { name: "Equal", key: "↑", keys: ["ArrowUp", "t", "T"] },
  right: { name: "B is better", key: "→", keys: ["ArrowRight"] },
  skip: { name: "Skip", key: "s", keys: ["s", "S"] },
};
const UNDO = { name: "Undo", key: "z", keys: ["z", "Z"] };
const LETTERS = { left: "A", right: "B" };
const ALL_SEEN = "You have seen all pairs. Thank you!";

/** Shows one pair after the other in `root`. `transport.ask(action, more)` gives the rater's state, `transport.picture(pair, side)` a Blob. */
class RatingView {
  constructor(root, transport, rater) {
    Object.assign(this, { root, transport, rater, busy: true, pictures: new Map() });
    this.prompt = piece("p", { className: "dwr-prompt" });
    this.name = piece("input", { maxLength: 60, value: rater, autocomplete: "off", spellcheck: false });
    this.images = { left: piece("img", { alt: "Picture A" }), right: piece("img", { alt: "Picture B" }) };
    this.buttons = Object.fromEntries(Object.entries(VOTES).map(([choice, vote]) => [choice, this.button(vote, () => this.vote(choice))]));
    this.undoButton = this.button(UNDO, () => this.undo());
    this.status = piece("p", { className: "dwr-status", role: "status" });
    root.classList.add("dw", "dwlab-rating");
    root.append(
      piece("h1", { className: "dw-spoken" }, "Which picture is better?"),
      piece("div", { className: "dwr-head" }, this.prompt, piece("label", { className: "dwr-rater" }, "Rater ", this.name)),
      piece("div", { className: "dwr-area" }, piece("div", { className: "dwr-pictures" }, this.figure("left"), this.figure("right"))),
      piece("div", { className: "dwr-keys", role: "group", ariaLabel: "Which picture is better?" }, this.buttons.left, this.buttons.tie, this.buttons.right),
      piece("div", { className: "dwr-foot" }, this.status, this.buttons.skip, this.undoButton));
    this.name.addEventListener("change", () => this.changeRater());
    this.start();
  }

  figure(side) {
    return piece("figure", {}, piece("figcaption", {}, LETTERS[side]), this.images[side]);
  }

  button({ name, key, keys }, act) {
    const button = piece("button", { type: "button", disabled: true }, `${name} `, piece("kbd", { ariaHidden: "true" }, key));
    button.setAttribute("aria-label", name);
    button.setAttribute("aria-keyshortcuts", keys.filter((each) => each.length > 1 || each === each.toLowerCase()).join(" "));
    button.addEventListener("click", act);
    return button;
  }

  /** Take a key of the window, unless somebody types. */
  pressed(event) {
    const isTyped = ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName);
    if (isTyped || event.ctrlKey || event.metaKey || event.altKey) return;
    const choice = Object.keys(VOTES).find((name) => VOTES[name].keys.includes(event.key));
    const isUndo = UNDO.keys.includes(event.key);
    if (!choice && !isUndo) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat) return; // a key that is held down is one vote
    if (choice) this.vote(choice);
    else this.undo();
  }

  start() {
    return this.ask("state", {}, "");
  }

  vote(choice) {
    const pair = this.pair;
    if (this.busy || !pair || !this.shown && choice !== "skip") return undefined;
    return this.ask("vote", { pair: pair.id, choice }, `Saved: ${VOTES[choice].name.toLowerCase().replace(/^[ab]\b/, (letter) => letter.toUpperCase())}.`);
  }

  undo() {
    this.isUndoneNext = this.busy; // what is being saved now is taken back then
    if (this.busy || !this.state?.latest) return undefined;
    return this.ask("undo", { pair: this.state.latest }, "The last vote is taken back.");
  }

  changeRater() {
    const before = this.rater;
    this.rater = this.name.value;
    this.ask("state", {}, "").then((done) => {
      if (!done) this.rater = before;
      else this.transport.keep?.(this.rater);
      this.name.value = this.rater;
    });
  }

  /** Ask for something, and show the state that is answered; `said` is told once it is done. Returns whether it was. */
  async ask(action, more, said) {
    this.setBusy(true);
    try {
      const state = await this.transport.ask(action, { rater: this.rater, ...more });
      this.rater = state.rater;
      const problem = await this.show(state);
      const done = state.message || `${said} ${this.counted}`.trim();
      this.tell([done, problem].filter(Boolean).join(" "), Boolean(state.message || problem));
      return true;
    } catch (error) {
      this.tell(error.message, true);
      this.isUndoneNext = false; // nothing was saved
      return false;
    } finally {
      this.setBusy(false);
      if (this.isUndoneNext) this.undo();
    }
  }

  get pair() {
    return this.state?.pairs[0];
  }

  get counted() {
    const { votes } = this.state;
    const count = `${votes} ${votes === 1 ? "vote" : "votes"}.`;
    return this.pair ? count : `${count} ${ALL_SEEN}`;
  }

  /** Show a state; returns what is wrong with its pictures, or nothing. */
  async show(state) {
    this.state = state;
    this.shown = false;
    this.forgetOthers(state.pairs);
    for (const pair of state.pairs) this.fetch(pair);
    this.prompt.textContent = this.pair ? this.pair.prompt : "";
    for (const image of Object.values(this.images)) image.removeAttribute("src");
    if (!this.pair) return "";
    const addresses = this.fetch(this.pair);
    try {
      for (const [side, image] of Object.entries(this.images)) {
        image.src = await addresses[side];
        await image.decode();
      }
    } catch {
      return "A picture cannot be shown: skip this pair, or reload.";
    }
    this.shown = true;
    return "";
  }

  /** The addresses of a pair's pictures, as promises; they are fetched once. */
  fetch(pair) {
    if (!this.pictures.has(pair.id)) {
      const fetched = {};
      for (const side of Object.keys(LETTERS)) {
        fetched[side] = this.transport.picture(pair.id, side).then((blob) => URL.createObjectURL(blob));
        fetched[side].catch(() => this.pictures.delete(pair.id)); // the next try fetches it again
      }
      this.pictures.set(pair.id, fetched);
    }
    return this.pictures.get(pair.id);
  }

  forgetOthers(pairs) {
    const kept = new Set(pairs.map((pair) => pair.id));
    for (const [id, fetched] of this.pictures) {
      if (kept.has(id)) continue;
      this.pictures.delete(id);
      for (const address of Object.values(fetched)) address.then((url) => URL.revokeObjectURL(url), () => {});
    }
  }

  setBusy(busy) {
    this.busy = busy;
    for (const [choice, button] of Object.entries(this.buttons)) button.disabled = !this.shown && choice !== "skip" || !this.pair;
    this.undoButton.disabled = !this.state?.latest;
    this.root.setAttribute("aria-busy", String(busy));
  }

  tell(text, isBad) {
    this.status.textContent = text;
    this.status.classList.toggle("dwr-bad", isBad);
  }
}

function piece(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
