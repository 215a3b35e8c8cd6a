// The finished pictures of all requests, newest first.

const JOBS_AT_ONCE = 60;

class Gallery {
  /** onOpen: called with all pictures, and the one to be seen large. */
  constructor(onOpen) {
    this.onOpen = onOpen;
    this.element = document.getElementById("gallery");
    this.more = document.getElementById("more");
    this.empty = document.getElementById("empty");
    this.jobs = JOBS_AT_ONCE;
    this.pictures = [];
    this.more.addEventListener("click", () => {
      this.jobs += JOBS_AT_ONCE;
      this.load();
    });
  }

  async load() {
    const pages = [];
    for (let offset = 0; offset < this.jobs; offset += JOBS_AT_ONCE) {
      const { jobs } = await request(`/api/jobs?limit=${JOBS_AT_ONCE}&offset=${offset}&status=completed`);
      pages.push(...jobs);
      this.more.hidden = jobs.length < JOBS_AT_ONCE;
      if (this.more.hidden) break;
    }
    this.pictures = pages.filter((entry) => entry.kind === "generate").flatMap((entry) => this.picturesOf(entry));
    this.paint();
  }

  picturesOf(entry) {
    return entry.images.map((url, index) => ({
      url, index, state: "done", job: entry.job_id, recipe: recipeOf(entry.parameters, index), note: entry.warning ? "broken (NaN)" : "",
    }));
  }

  paint() {
    this.empty.hidden = this.pictures.length > 0;
    renew(this.element, this.pictures, (picture) => this.item(picture));
  }

  item(picture) {
    const { url, recipe, note } = picture;
    const image = make("img", { src: url, alt: recipe.prompt, loading: "lazy" });
    // removed meanwhile, by its age or by hand
    image.addEventListener("error", () => this.forget(url));
    const button = makeButton("", () => this.onOpen(this.pictures, this.pictures.findIndex((each) => each.url === url && each.job === picture.job)), { title: "Show large" });
    button.append(image);
    const facts = ` · seed ${recipe.seed}, ${recipe.steps} steps, guidance ${recipe.guidance}${note ? ` · ${note}` : ""}`;
    return make("li", {}, make("figure", { className: "tile" }, button, make("figcaption", {}, make("bdi", {}, recipe.prompt), facts)));
  }

  /** A picture is no longer there. */
  forget(url) {
    this.pictures = this.pictures.filter((picture) => picture.url !== url);
    this.paint();
  }
}
