// One picture at full size, with what is known of it.

const STARS = [["0", "none"], ...[1, 2, 3, 4, 5].map((stars) => [String(stars), `${"★".repeat(stars)} ${stars} of 5`])];

class PictureView {
  constructor(viewer) {
    this.viewer = viewer;
    this.image = make("img", { className: "dwv-full" });
    this.problem = make("p", { className: "dwv-problem", role: "status" });
    this.frame = make("div", { className: "dwv-frame" }, this.image, this.problem);
    this.stack = make("div", { className: "dwv-stack", role: "group", ariaLabel: "Pictures in this cell" });
    this.facts = make("div", { className: "dwv-facts", role: "list", ariaLabel: "What is known of it" });
    this.recipe = new RecipeView(viewer);
    this.hold = keyedButton("Hold for comparison", "h", () => viewer.hold(this.cell));
    this.compare = keyedButton("Compare with the held picture", "c", () => viewer.compare());
    this.fit = keyedButton("Actual size", "a", () => this.toggleFit(), { ariaPressed: "false" });
    this.stars = choice("Stars", "*", (stars) => this.giveStars(Number(stars)));
    this.stars.element.hidden = !viewer.source.giveStars; // a file is not written to
    this.back = keyedButton("Back to the grid", "Escape", () => viewer.back());
    const walk = (text, name, key, by) => keyedButton(text, key, () => viewer.walk(...by), { ariaLabel: name });
    this.element = make("section", { className: "dwv-picture", ariaLabel: "Picture", tabIndex: -1 },
      make("h1", { className: "dw-spoken" }, "Picture"), group("Picture", this.back, walk("←", "picture to the left", "ArrowLeft", [0, -1]), walk("→", "picture to the right", "ArrowRight", [0, 1]),
        walk("↑", "picture above", "ArrowUp", [-1, 0]), walk("↓", "picture below", "ArrowDown", [1, 0]), this.fit, this.hold, this.compare, this.stars.element),
      make("div", { className: "dwv-sides" },
        make("div", { className: "dwv-side" }, this.frame, this.stack),
        make("div", { className: "dwv-side" }, this.recipe.element, this.facts, this.recipe.text)));
  }

  async show(cell) {
    const { viewer } = this;
    this.paintButtons(cell);
    if (this.cell === cell && this.shownFrom === viewer.cells) return;
    Object.assign(this, { cell, shownFrom: viewer.cells });
    const { cells } = viewer;
    this.paintFacts();
    this.recipe.show(cell);
    this.image.alt = cells.sentence(cell);
    say(this.problem, cells.problem(cell));
    this.image.hidden = Boolean(cells.problem(cell));
    if (!this.image.hidden) await fillImage(viewer, this.image, cell, (text) => this.cell === cell && say(this.problem, text));
  }

  paintButtons(cell) {
    const { held, stackOf, cells } = this.viewer;
    say(this.hold, held === cell ? "Let go" : "Hold for comparison");
    this.compare.hidden = held < 0 || held === cell;
    const stars = cells.fields.get("stars");
    this.stars.paint(STARS, String((stars && cells.number(stars, cell)) ?? 0));
    const stack = stackOf(cell);
    this.stack.hidden = stack.length < 2;
    const items = stack.length < 2 ? [] : stack.map((each) => ({ each, text: this.differing(each, stack), isOpen: each === cell }));
    renew(this.stack, items, ({ each, text, isOpen }) => makeButton(text, () => this.viewer.open(each),
      { "data-name": `stack ${each}`, ariaPressed: String(isOpen) }));
  }

  async giveStars(stars) {
    this.viewer.tell(await this.viewer.source.giveStars(this.viewer.cells.document.keys[this.cell], stars));
  }

  /** What tells a picture of a stack from the others. */
  differing(cell, stack) {
    const { cells } = this.viewer;
    const axes = cells.axes.filter((axis) => stack.some((other) => axis.codes[other] !== axis.codes[cell]));
    return axes.map((axis) => `${axis.name} ${cells.text(axis, cell)}`).join(", ");
  }

  paintFacts() {
    const { cells } = this.viewer;
    const facts = [["prompt", cells.prompt(this.cell)]];
    for (const field of cells.fields.values()) if (field.name !== "prompt") facts.push([field.name, cells.text(field, this.cell)]);
    facts.push(["key", cells.document.keys[this.cell]]);
    this.facts.replaceChildren(...facts.filter(([, text]) => text).map(([name, text]) =>
      make("div", { className: "dwv-fact", role: "listitem" },
        make("span", { className: "dwv-fact-name" }, make("bdi", {}, name)), make("span", { className: "dwv-fact-value" }, make("bdi", {}, text)))));
  }

  toggleFit() {
    const isActual = this.frame.classList.toggle("dwv-actual");
    this.fit.ariaPressed = String(isActual);
  }
}

/** Show a cell's full picture in an image, or its thumbnail if the file is not there; `tell` says which. */
async function fillImage(viewer, image, cell, tell) {
  image.dataset.cell = String(cell);
  const isMeant = () => image.dataset.cell === String(cell);
  try {
    const address = await viewer.source.full(cell);
    if (!isMeant()) return;
    image.src = address;
    await image.decode();
    if (address.startsWith("blob:")) URL.revokeObjectURL(address);
    if (isMeant()) tell("");
  } catch {
    if (!isMeant()) return;
    image.src = await thumbnailAddress(viewer, cell);
    tell("The full picture cannot be loaded here; this is its thumbnail.");
  }
  const [width] = viewer.cells.size(cell);
  image.classList.toggle("dw-sharp", (image.naturalWidth || width) <= 256);
}

/** A cell's thumbnail as an address. */
async function thumbnailAddress(viewer, cell) {
  const { layout } = viewer.sheets;
  const canvas = make("canvas", { width: layout.side, height: layout.side });
  const { image, sizes } = await viewer.source.sheet(Math.floor(cell / layout.each), layout.versions[Math.floor(cell / layout.each)]);
  const [width, height] = sizes[cell % layout.each] ?? [0, 0];
  const position = cell % layout.each;
  canvas.width = width || 1;
  canvas.height = height || 1;
  canvas.getContext("2d").drawImage(image, -(position % layout.across) * layout.side, -Math.floor(position / layout.across) * layout.side);
  image.close();
  return canvas.toDataURL();
}
