// Links to files that a panel has written: Jupyter serves what lies below its own folder.

/** What JupyterLab or Notebook tells its pages; empty elsewhere. */
function jupyterConfig() {
  try {
    return JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
  } catch {
    return {};
  }
}

class FileLinks {
  constructor(page) {
    this.model = page.model;
    this.config = jupyterConfig();
    this.element = make("div", { className: "dwp-files", role: "group", ariaLabel: "Links to files" });
    if (this.config.serverRoot) page.ask("served", { root: this.config.serverRoot });
  }

  paint() {
    renew(this.element, this.model.get("files"), (file) => this.file(file));
    this.element.hidden = !this.model.get("files").length;
  }

  /** A link that opens beside the notebook, or the path to copy if nothing serves the file. */
  file({ label, path, address }) {
    if (address && this.config.baseUrl) {
      const base = this.config.baseUrl.endsWith("/") ? this.config.baseUrl : `${this.config.baseUrl}/`;
      return make("a", { href: `${base}files/${address}`, target: "_blank", rel: "noopener", title: path }, label);
    }
    const news = make("span", { className: "dwp-muted", role: "status" });
    const copy = makeButton(`Copy the path: ${label}`, async () => say(news, (await copied(path)) ? "Copied." : path),
      { className: "dw-quiet", title: path });
    return make("span", {}, copy, news);
  }
}
