// Icons as lines of SVG, in the colour of the text beside them. They are for the eye: words say the same to others.

const ICON_PATHS = {
  star: "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8z",
  pin: "M9 3h6l-1 7 3 3v2H7v-2l3-3zM12 15v6",
  note: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
};

/** An icon by its name. isFilled: whether its inside has the colour too. */
function icon(name, isFilled = false) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const attributes = {
    viewBox: "0 0 24 24", width: "1em", height: "1em", fill: isFilled ? "currentColor" : "none",
    stroke: "currentColor", "stroke-width": 2, "stroke-linejoin": "round", "stroke-linecap": "round", "aria-hidden": "true",
  };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICON_PATHS[name]);
  svg.classList.add("dw-icon");
  svg.append(path);
  return svg;
}
