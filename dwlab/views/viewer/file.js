// The viewer as a file: everything lies in the page, the state in its link.

class FileSource {
  constructor() {
    this.document = JSON.parse(this.block("document"));
  }

  block(name) {
    return document.getElementById(`dwlab-${name}`)?.textContent ?? "";
  }

  async sheet(number) {
    const image = await decoded(bytesOf(this.block(`sheet-${number}`)), "image/webp");
    return { image, sizes: this.document.sizes[number] };
  }

  /** The address of a full picture: in the page, or beside it. */
  async full(cell) {
    const embedded = this.block(`picture-${cell}`);
    return embedded ? `data:image/png;base64,${embedded}` : this.fileOf(cell);
  }

  fileOf(cell) {
    const { address, images } = this.document;
    return `${address}/${images[cell].split("/").map(encodeURIComponent).join("/")}`;
  }

  async recipe(cell) {
    this.recipes ??= JSON.parse(this.block("recipes"));
    return this.recipes[cell];
  }

  /** There is no bench in a file. */
  async use() {
    return "";
  }

  stateText() {
    return location.hash.slice(1);
  }

  saveState(text) {
    const link = `#${text}`;
    if (link === location.hash || (!text && !location.hash)) return;
    try {
      history.replaceState(null, "", link);
    } catch { // some browsers allow that for files only so often
      location.replace(link);
    }
  }

  listen(viewer) {
    document.addEventListener("keydown", viewer.onkey);
    window.addEventListener("hashchange", () => viewer.adoptState(this.stateText()));
  }
}

new Viewer(new FileSource(), document.getElementById("viewer"));
