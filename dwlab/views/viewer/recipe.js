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
      this.help);
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
    await copyAndTell(recipe[name], spoken, (text) => this.viewer.tell(text), (text) => this.offer(text));
  }

  /** Let the bench of the notebook act; where there is none, say what to run. */
  async use(action) {
    const answer = await this.viewer.source.use(action, this.viewer.cells.document.keys[this.cell]);
    if (answer) {
      this.viewer.tell(answer);
      return;
    }
    const { cells, source } = this.viewer;
    const { recipe } = await source.recipe(this.cell);
    const file = cells.document.images[this.cell];
    const lines = ["import dwlab", "bench = dwlab.explore()", `bench.show(${recipe.replace(/^dwlab\.generate/, "dwlab.GenerationParams")})`];
    if (action === "start" && file) lines.push(`bench.start_picture.use_path(dwlab.Results().root / ${JSON.stringify(file)})`);
    this.offer([...lines, "bench"].join("\n"), file && await source.full(this.cell), file);
    this.viewer.tell("There is no prompt bench here: the cell to run in a notebook is below.");
  }

  /** Show code for a notebook, and the picture's file, which has the recipe in it. */
  offer(code, address, file) {
    const name = file?.split("/").at(-1);
    const link = address ? [make("p", {}, "Or drop the picture's file on a bench: ",
      make("a", { href: address, download: name, target: "_blank", rel: "noopener" }, file))] : [];
    this.help.replaceChildren(
      make("p", {}, "For a cell of a notebook, in the project's folder:"),
      make("pre", { tabIndex: 0, ariaLabel: "Code for a notebook" }, code),
      makeButton("Copy", async () => this.viewer.tell((await copied(code)) ? "Copied." : "Select the text and copy it.")),
      ...link);
  }
}
