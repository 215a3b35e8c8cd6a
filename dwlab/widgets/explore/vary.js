// The neighbours of a picture: other seeds, guidance, steps or schedulers.

const VARY_TITLES = {
  seed: "seeds +1 to +4",
  guidance: "guidance up and down",
  steps: "steps up and down",
  scheduler: "other schedulers",
};

/** Buttons that make the neighbours of a picture. */
function varyButtons(page, key) {
  const { ignores } = page.model.get("offer");
  const buttons = Object.entries(VARY_TITLES)
    .filter(([along]) => !ignores.includes(along))
    .map(([along, title]) => makeButton(along, () => page.ask("vary", { key, along }),
      { "data-name": `${key} ${along}`, title: `Make neighbours: ${title}` }));
  return make("div", { className: "dwx-vary", role: "group", ariaLabel: "Vary" }, make("span", {}, "Vary"), ...buttons);
}
