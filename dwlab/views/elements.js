// Elements of dwlab's pages: the prompt bench and the viewer. All text goes in as text, never as HTML: prompts are other people's words.

/** An element with properties, listeners (on...) and children; strings become text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  element.dataset.lmSuppressShortcuts = "true"; // or JupyterLab takes Enter and the arrow keys for itself
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A button that submits nothing. */
function makeButton(text, onclick, properties = {}) {
  return make("button", { type: "button", onclick, ...properties }, text);
}

/** A line for what is wrong. */
function makeMessage(properties = {}) {
  return make("div", { className: "dwx-message", role: "alert", ...properties });
}

/**
 * Show `items` in `box`, each as `build` makes it. What has not changed is not touched, so that clicks and the focus stay.
 * A focus in what is made again goes to what has the same name, or else stands in its place.
 */
function renew(box, items, build) {
  const focused = box.contains(document.activeElement) ? document.activeElement : undefined;
  const place = [...box.children].findIndex((child) => child.contains(focused));
  const order = focused && controlsIn(box.children[place]).indexOf(focused);
  items.forEach((item, index) => {
    const shown = JSON.stringify(item);
    const old = box.children[index];
    if (old && old.shown === shown) return;
    const fresh = Object.assign(build(item, index), { shown });
    if (old) old.replaceWith(fresh);
    else box.append(fresh);
  });
  while (box.children.length > items.length) box.lastChild.remove();
  if (!focused || box.contains(document.activeElement)) return;
  const named = box.querySelector(`[data-name="${CSS.escape(focused.dataset.name ?? "")}"]`);
  const others = controlsIn(box.children[Math.min(place, items.length - 1)]);
  (named ?? others[order] ?? others[0])?.focus();
}

/** The controls of an element that may be one itself. */
function controlsIn(element) {
  if (!element) return [];
  return [element, ...element.querySelectorAll("*")].filter((each) => each.matches("a[href], button, input, select, textarea"));
}

/** Put elements into `box` in their order. One that stays where it is is not touched, so that clicks and the focus stay. */
function arrange(box, elements) {
  const kept = new Set(elements);
  for (const child of [...box.children]) if (!kept.has(child)) child.remove();
  elements.forEach((element, index) => {
    if (box.children[index] !== element) box.insertBefore(element, box.children[index] ?? null);
  });
}

/** Put words into an element that is read aloud, unless it has them already. */
function say(element, ...words) {
  const text = words.map((word) => word.textContent ?? word).join("");
  if (element.textContent !== text) element.replaceChildren(...words);
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/g; // characters that turn around what follows them

/** Text for a line with other text, whose direction it does not change; see `_util/isolated.py`. */
function isolated(text) {
  const kept = text.replace(DIRECTIONS, "");
  return kept === text && !RIGHT_TO_LEFT.test(text) ? text : `\u2068${kept}\u2069`;
}

/** Give a field its name for those who hear it, and the element that says what is wrong with it. */
function describe(input, message, id, name) {
  Object.assign(input, { id, ariaLabel: name });
  message.id = `${id}-message`;
  input.setAttribute("aria-describedby", message.id);
}

/** Make a text area as high as its text. */
function grow(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}
