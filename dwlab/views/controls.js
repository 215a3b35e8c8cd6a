// Controls of dwlab's pages: each has a name that is shown or read aloud, a key, and a focus that is seen.

/** A list of choices with its name above. options: [value, text]. key: a letter that moves the focus there. */
function choice(name, key, onchange) {
  const select = make("select", { ariaLabel: name, onchange: () => onchange(select.value), title: `key ${key}` });
  select.setAttribute("aria-keyshortcuts", key);
  const element = make("label", { className: "dwv-choice" }, make("span", {}, name), select);
  let shown = "";
  const paint = (options, value) => {
    const fresh = JSON.stringify(options);
    if (fresh !== shown) select.replaceChildren(...options.map(([each, text]) => make("option", { value: each }, text)));
    shown = fresh;
    select.value = value;
  };
  return { element, select, paint };
}

/** A button with its key in its tip. */
function keyedButton(text, key, onclick, properties = {}) {
  const button = makeButton(text, onclick, { title: `key ${key}`, ...properties });
  button.setAttribute("aria-keyshortcuts", key);
  return button;
}

/** A group of controls with a name. */
function group(name, ...children) {
  return make("div", { className: "dwv-group", role: "group", ariaLabel: name }, ...children);
}

/** Press or focus the control that is visible and has this key. */
function pressControl(element, key) {
  const name = key === " " ? "Space" : key;
  const named = [...element.querySelectorAll("[aria-keyshortcuts]")].filter((each) => each.getAttribute("aria-keyshortcuts") === name);
  const control = named.find((each) => each.offsetParent !== null) ?? named.find((each) => each.closest("details:not([open])"));
  if (!control) return false;
  const closed = control.closest("details:not([open])");
  if (closed) closed.open = true;
  if (control.offsetParent === null) return false;
  if (control.matches("button")) control.click();
  control.focus();
  return true;
}
