// Earlier prompts: the up arrow in an empty prompt, or in its first line, walks back through them.

class PromptHistory {
  /** area: the prompt's text area. read(): resolves to the earlier prompts, newest first. write(text): puts one into the area. */
  constructor(area, read, write) {
    Object.assign(this, { area, read, write });
    this.spoken = make("span", { className: "dw-spoken", role: "status" });
    area.addEventListener("input", () => this.leave());
    area.addEventListener("blur", () => this.leave());
  }

  get isWalking() {
    return this.at !== undefined;
  }

  /** Whether the key was taken. */
  pressed(event) {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === "Escape" && this.isWalking) this.show(-1);
    else if (by === 1 && (this.isWalking || isInFirstLine(this.area))) this.walk(1);
    else if (by === -1 && this.isWalking) this.walk(-1);
    else return false;
    return true;
  }

  walk(by) {
    if (!this.isWalking) this.begin();
    this.at = Math.max(-1, this.at + by); // keys count that come before the prompts are here
    if (this.prompts) this.show(this.at);
  }

  async begin() {
    Object.assign(this, { at: -1, draft: this.area.value });
    const prompts = await this.read();
    if (!this.isWalking) return;
    this.prompts = prompts.filter((prompt) => prompt !== this.draft);
    this.show(this.at);
  }

  /** Show one of the prompts; before the newest comes what was typed. */
  show(place) {
    const { prompts, draft } = this;
    const at = Math.min(place, (prompts?.length ?? 0) - 1);
    this.isShowing = true;
    this.write(at < 0 ? draft : prompts[at]);
    this.isShowing = false;
    say(this.spoken, at < 0 ? "What you typed" : `Earlier prompt ${at + 1} of ${prompts.length}`);
    if (at < 0) this.leave();
    else this.at = at;
  }

  leave() {
    if (this.isShowing) return;
    this.at = undefined;
    this.prompts = undefined;
  }
}

/** Whether the cursor of a text area stands in the first line that is seen. */
function isInFirstLine(area) {
  const { value, selectionStart, selectionEnd } = area;
  if (selectionStart !== selectionEnd || value.slice(0, selectionStart).includes("\n")) return false;
  if (selectionStart === 0) return true;
  const word = value.slice(selectionStart).search(/\s|$/);
  const style = getComputedStyle(area);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  const room = area.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  return pen.measureText(value.slice(0, selectionStart + word)).width < room;
}
