// What can be done with a picture's recipe: copied, opened in the prompt bench, started from.

class RecipeView {
  constructor(viewer) {
    this.viewer = viewer;
    this.text = make("pre", { className: "dwv-recipe", tabIndex: 0, ariaLabel: "Recipe" });
    this.help = make("div", { className: "dwv-hint" });
    this.element = make("section", { className: "dwv-recipe-box", ariaLabel: "Recipe and what to do with it" },
      group("Recipe",
        keyedButton("Copy recipe", "r", () => this.copy("recipe", "The recipe")),
        keyedButton("Copy command", "m", () => this.copy("command", "The command")),
        keyedButton("Open in the prompt bench", "b", () => this.use("open")),
        keyedButton("Use as start", "u", () => this.use("start"))),
      this.help, this.text);
  }

  async show(cell) {
    this.cell = cell;
    this.help.replaceChildren();
    const recipe = await this.viewer.source.recipe(cell);
    if (this.cell !== cell) return;
    this.recipe = recipe;
    say(this.text, recipe.recipe);
  }

  async copy(name, spoken) {
    const recipe = await this.viewer.source.recipe(this.cell);
    const isCopied = await copied(recipe[name]);
    this.viewer.tell(isCopied ? `${spoken} is copied.` : `The browser does not allow copying; ${spoken.toLowerCase()} is below.`);
    if (!isCopied) this.offer(recipe[name]);
  }

  /** Let the bench of the notebook act; where there is none, say what to run. */
  async use(action) {
    const answer = await this.viewer.source.use(action, this.viewer.cells.document.keys[this.cell]);
    if (answer) {
      this.viewer.tell(answer);
      return;
    }
    const { recipe } = await this.viewer.source.recipe(this.cell);
    const file = this.viewer.source.fileOf(this.cell);
    const values = recipe.replace(/^dwlab\.generate/, "dwlab.GenerationParams");
    const code = action === "open"
      ? `import dwlab\nbench = dwlab.explore()\nbench.show(${values})\nbench`
      : `import dwlab\nbench = dwlab.explore()\nbench.show(${values}.replace(image=${JSON.stringify(file)}))\nbench`;
    this.offer(code, file);
    this.viewer.tell("There is no prompt bench here: the cell to run in a notebook is below.");
  }

  offer(code, file) {
    const link = file ? [make("p", {}, "Or drop the picture's file on a bench: ", make("code", {}, file))] : [];
    this.help.replaceChildren(
      make("p", {}, "For a cell of a notebook, in the project's folder:"),
      make("pre", { tabIndex: 0, ariaLabel: "Code for a notebook" }, code),
      makeButton("Copy", async () => this.viewer.tell((await copied(code)) ? "Copied." : "Select the text and copy it.")),
      ...link);
  }
}

/** Put a text on the clipboard; whether that was possible. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea", { value: text, className: "dwv-ruler" });
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}
