// The stage: the pictures of a run, as large as the page allows, while they form and when they are done.

const GAP = 8; // pixels between two pictures
const CAPTION = 22; // pixels below a picture of several
const SMALLEST_ROOM = 200; // pixels of height that the pictures take at least
const BESIDE = 260; // pixels of width for what is said of the pictures, where it stands beside them
const COPY_SIDE = 512; // pixels that the copy of a picture has at most; the file is larger

class StageView {
  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.chosen = 0;
    this.heightBelow = 0;
    this.tiles = [];
    this.empty = make("p", { className: "dwx-empty" }, "Write a prompt and press Ctrl+Enter.");
    this.grid = make("div", { className: "dwx-stage", role: "group", ariaLabel: "Pictures of this run" }, this.empty);
    this.common = make("p", { className: "dwx-common" });
    this.actions = new PictureActions(page);
    this.varyPlace = make("div");
    this.below = make("div", { className: "dwx-below" }, this.common, this.actions.element, this.varyPlace);
    this.element = make("section", { className: "dwx-view", ariaLabel: "Stage" }, this.grid, this.below);
    this.element.addEventListener("keydown", (event) => this.pressed(event));
  }

  get pictures() {
    return this.model.get("stage");
  }

  paint() {
    const { pictures } = this;
    this.chosen = Math.min(this.chosen, Math.max(0, pictures.length - 1));
    this.empty.hidden = pictures.length > 0;
    const hadFocus = this.grid.contains(document.activeElement);
    while (this.tiles.length > pictures.length) this.tiles.pop().element.remove();
    while (this.tiles.length < pictures.length) this.addTile();
    if (hadFocus && !this.grid.contains(document.activeElement)) this.tiles[this.chosen]?.button.focus();
    const captions = differingFacts(pictures);
    say(this.common, captions.common);
    this.common.title = captions.common;
    pictures.forEach((picture, index) => this.tiles[index].paint(picture, captions.each[index]));
    this.paintChosen();
    this.layOut();
    this.page.fields.paintStageSeeds();
    this.page.dialog.renew(this.page.stageIsLarge ? pictures : []);
  }

  addTile() {
    const index = this.tiles.length;
    const tile = new StageTile(this, index);
    this.tiles.push(tile);
    this.grid.append(tile.element);
  }

  /** The picture that the buttons below act on. */
  paintChosen() {
    const { pictures, tiles } = this;
    const picture = pictures[this.chosen];
    tiles.forEach((tile, index) => tile.choose(index === this.chosen, tiles.length > 1));
    this.actions.show(picture);
    const { ignores } = this.model.get("offer");
    renew(this.varyPlace, picture?.key ? [{ key: picture.key, ignores }] : [], ({ key }) => varyButtons(this.page, key));
  }

  choose(index, isFocused = true) {
    if (!this.tiles[index]) return;
    this.chosen = index;
    this.paintChosen();
    if (isFocused) this.tiles[index].button.focus();
  }

  /** Open a picture large; the one that was shown last is chosen then. */
  open(index) {
    if (!this.pictures[index]?.src) return;
    this.choose(index, false);
    this.page.stageIsLarge = true;
    this.page.dialog.open(this.pictures, index, (last) => {
      this.page.stageIsLarge = false;
      this.choose(last);
    });
  }

  /** Give all pictures the largest size at which they fit together into the room that there is. */
  layOut() {
    const { pictures } = this;
    const width = this.element.clientWidth;
    if (!pictures.length || !width) return;
    const [across, down] = pictures[0].sides ?? [1, 1];
    const caption = pictures.length > 1 || pictures[0].note ? CAPTION : 0;
    const form = { count: pictures.length, ratio: across / down, caption };
    if (!this.isBeside) this.heightBelow = this.below.offsetHeight;
    const under = bestColumns({ ...form, width, height: this.room - this.heightBelow - GAP });
    const beside = bestColumns({ ...form, width: width - BESIDE - 2 * GAP, height: this.room });
    this.isBeside = beside.width > under.width;
    this.element.classList.toggle("dwx-beside", this.isBeside);
    const columns = this.isBeside ? beside : under;
    this.grid.style.gridTemplateColumns = `repeat(${columns.count}, ${columns.width}px)`;
    this.tiles.forEach((tile) => tile.layOut(columns.width));
  }

  /** The height that is left for the pictures. */
  get room() {
    const above = this.page.isNarrow ? this.page.top.offsetHeight + GAP : 0;
    return Math.max(SMALLEST_ROOM, visibleHeight(this.element) - above - 3 * GAP);
  }

  /** Bring the stage into view, if it is not. */
  reveal() {
    const { top } = this.grid.getBoundingClientRect();
    if (top > window.innerHeight / 2) this.page.top.scrollIntoView({ block: "start" });
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const columns = getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    if (this.grid.contains(event.target) && event.key in steps) this.choose(this.chosen + steps[event.key]);
    else if (event.key.length !== 1 || event.key === " " || !pressControl(this.actions.row, event.key)) return;
    else event.target.focus(); // the next key is for this picture too
    event.preventDefault();
    event.stopPropagation();
  }
}

/** A picture of the stage: a button that opens it large, and what is said of it. */
class StageTile {
  constructor(stage, index) {
    this.stage = stage;
    this.image = make("img", { alt: "Picture", hidden: true });
    this.blank = make("div", { className: "dwx-blank" });
    this.button = make("button", {
      type: "button", className: "dwx-open", title: "Enlarge (Enter)",
      onclick: () => stage.open(index), onfocus: () => stage.choose(index, false),
    }, this.image, this.blank);
    this.caption = make("figcaption");
    this.element = make("figure", {}, this.button, this.caption);
  }

  paint(picture, caption) {
    const { src, text, state, note, sides, key } = picture;
    this.picture = picture;
    this.element.className = `dwx-${state}`;
    Object.assign(this.image, { hidden: !src, alt: text });
    if (src && this.source !== src) {
      this.image.src = src;
      this.full = undefined;
    }
    this.source = src;
    this.blank.hidden = Boolean(src);
    say(this.blank, note || state);
    this.blank.classList.toggle("dwx-bad", state === "failed");
    this.button.style.aspectRatio = sides ? `${sides[0]} / ${sides[1]}` : "1";
    this.button.setAttribute("aria-disabled", !src);
    this.button.dataset.name = key || "forming";
    const noted = note && src ? [make("span", { className: state === "failed" ? "dwx-bad" : "dwx-note" }, note)] : [];
    say(this.caption, caption, ...(caption && noted.length ? [" "] : []), ...noted);
  }

  choose(isChosen, isOneOfSeveral) {
    this.button.tabIndex = isChosen ? 0 : -1;
    this.element.classList.toggle("dwx-chosen", isChosen && isOneOfSeveral);
  }

  /** Show the file itself where it has more to show than the copy. */
  async layOut(width) {
    const { key, sides, is_copy: isCopy, src } = this.picture;
    // what forms is smooth, a picture shows its pixels
    chooseScaling(this.image, key ? sides[0] : width, width);
    if (!key || !isCopy || this.full === key || width * devicePixelRatio * Math.max(1, sides[1] / sides[0]) <= COPY_SIDE) return;
    this.full = key;
    const address = await this.stage.page.files.address(key);
    if (address && this.source === src) this.image.src = address;
    else this.full = undefined;
  }
}

/** How many columns make pictures of a form largest, and how wide each is then. ratio: width to height. */
function bestColumns({ count, ratio, width, height, caption }) {
  let best = { count: 1, width: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const across = (width - GAP * (columns - 1)) / columns;
    const down = (height - GAP * (rows - 1)) / rows - caption;
    const size = Math.floor(Math.min(across, down * ratio));
    if (size > best.width) best = { count: columns, width: size };
  }
  return best;
}

/** What all pictures have in common, in one caption, and what differs on each. */
function differingFacts(pictures) {
  const names = [...new Set(pictures.flatMap(({ facts }) => Object.keys(facts ?? {})))];
  const differs = (name) => new Set(pictures.map(({ facts }) => facts?.[name])).size > 1;
  const join = (facts, shown) => {
    const words = shown.filter((name) => name !== "prompt").map((name) => facts?.[name]).filter(Boolean).join(", ");
    return [shown.includes("prompt") && facts?.prompt, words].filter(Boolean).join(" · ");
  };
  const same = names.filter((name) => !differs(name));
  const different = names.filter(differs);
  return {
    common: join(pictures[0]?.facts, same),
    each: pictures.map(({ facts }) => join(facts, different)),
  };
}

/** The height of what is seen at once of the page that an element scrolls with. */
function visibleHeight(element) {
  for (let box = element.parentElement; box; box = box.parentElement) {
    const { overflowY } = getComputedStyle(box);
    const scrolls = ["auto", "scroll"].includes(overflowY) && box.scrollHeight > box.clientHeight;
    if (scrolls && box.clientHeight > SMALLEST_ROOM) return Math.min(box.clientHeight, window.innerHeight);
  }
  return window.innerHeight;
}
