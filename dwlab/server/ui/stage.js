// The pictures of the request under way: what they are about to be, then what they are.

class Stage {
  /** onOpen: called with a picture's number when it is to be seen large. */
  constructor(onOpen) {
    this.onOpen = onOpen;
    this.element = document.getElementById("stage");
    this.box = document.getElementById("now");
    this.bar = document.getElementById("bar");
    this.line = document.getElementById("status");
    this.spoken = document.getElementById("spoken");
    this.hint = this.line.textContent;
    this.pictures = [];
  }

  say(text, isBad) {
    this.line.textContent = text;
    this.line.classList.toggle("bad", Boolean(isBad));
    // not each of many steps
    if (!text.startsWith("Step ")) say(this.spoken, text);
  }

  progress(done, all) {
    this.bar.max = all || 1;
    this.bar.value = done;
  }

  /** Make room for so many pictures of a recipe; aspect: width divided by height. */
  begin(count, recipe, aspect) {
    this.pictures = Array.from({ length: count }, (_, index) => ({ index, state: "waiting", url: "", step: 0, steps: 0, recipe, aspect }));
    this.progress(0, 1);
    this.paint();
  }

  /** What is known anew of a picture. */
  update(index, news) {
    if (!this.pictures[index]) return;
    Object.assign(this.pictures[index], news);
    this.paint();
  }

  /** Pictures that are not finished stay as they are, and say so. */
  stop() {
    for (const picture of this.pictures) if (!["done", "failed"].includes(picture.state)) picture.state = "stopped";
    this.paint();
  }

  /** A picture is no longer there. */
  forget(url) {
    this.pictures = this.pictures.filter((picture) => picture.url !== url);
    this.paint();
  }

  /** On a narrow page, bring the pictures into view. */
  reveal() {
    const { top, bottom } = this.element.getBoundingClientRect();
    const isSeen = top >= 0 && Math.min(bottom, top + this.element.clientWidth) <= innerHeight;
    if (!isSeen && NARROW.matches) this.element.scrollIntoView({ block: "start" });
  }

  /** The words for a picture that is not finished. */
  note({ state, step, steps }) {
    if (state === "stopped") return step ? `stopped at step ${step} of ${steps}` : "not started";
    if (state === "failed") return "failed";
    return "";
  }

  paint() {
    this.pictures.forEach((picture, index) => {
      const tile = this.box.children[index] ?? this.box.appendChild(this.tile(index));
      this.paintTile(tile, picture, index);
    });
    while (this.box.children.length > this.pictures.length) this.box.lastChild.remove();
  }

  tile(index) {
    const image = make("img", { hidden: true });
    const blank = make("span", { className: "blank" });
    const button = makeButton("", () => this.onOpen(index), { disabled: true, title: "Show large" });
    button.append(image, blank);
    return make("figure", { className: "tile" }, button, make("figcaption", { hidden: true }));
  }

  paintTile(tile, picture, index) {
    const [button, caption] = tile.children;
    const [image, blank] = button.children;
    const isRough = picture.state !== "done";
    button.disabled = !picture.url;
    image.hidden = !picture.url;
    blank.hidden = Boolean(picture.url);
    blank.textContent = picture.state === "waiting" ? "waiting" : "";
    for (const element of [image, blank]) element.style.aspectRatio = String(picture.aspect);
    image.className = isRough ? "rough" : "";
    const number = this.pictures.length > 1 ? `Picture ${index + 1}` : "The picture";
    image.alt = isRough ? `${number} as it forms: ${picture.recipe.prompt}` : picture.recipe.prompt;
    if (picture.url && image.getAttribute("src") !== picture.url) image.src = picture.url;
    caption.textContent = this.note(picture);
    caption.hidden = !caption.textContent;
  }
}
