// Keys: arrows walk, others press the control that names them.

const KEY_HELP = [
  ["arrows", "walk from picture to picture"],
  ["Home, End, Page Up, Page Down", "the first and last of a row, a page up or down"],
  ["Enter", "open the picture at full size"],
  ["Escape", "back to the grid"],
  ["h, then c", "hold a picture, compare the next with it"],
  ["*", "stars for the open picture, in a notebook"],
  ["[ and ]", "the page before, the page after"],
  ["/", "filter"], ["1 to 5", "columns, super-columns, rows, super-rows, pages"],
  ["o, s, z, w, t", "colour, sort, size, view, theme"],
  ["v", "values to switch off"], ["e", "CSV of what is shown"], ["0", "as at first"],
];
const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** Do what a key stands for, unless it belongs to the field that has the focus. */
function pressKey(viewer, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const isEscape = event.key === "Escape";
  if (!isEscape && event.target.matches("input, select, textarea")) return;
  const isPress = [" ", "Enter"].includes(event.key) && event.target.matches("button, summary, pre");
  if (isPress) return;
  if (!(isEscape ? viewer.back() : act(viewer, event.key))) return;
  event.preventDefault();
  event.stopPropagation();
}

function act(viewer, key) {
  if (ARROWS[key]) {
    viewer.walk(...ARROWS[key]);
    return true;
  }
  if (key === "h" && viewer.view === "grid" && viewer.grid.current >= 0) return viewer.hold(viewer.grid.current);
  if (key === "c" && viewer.view === "grid" && viewer.held >= 0 && viewer.grid.current >= 0) return viewer.compare();
  return pressControl(viewer.element, key);
}

function keyTable() {
  return make("table", { className: "dwv-keys" }, make("tbody", {}, ...KEY_HELP.map(([keys, meaning]) =>
    make("tr", {}, make("th", { scope: "row" }, keys), make("td", {}, meaning)))));
}
