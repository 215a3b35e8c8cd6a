// The line of a panel of plain controls that tells when the kernel is gone.

export default {
  render({ model, el }) {
    el.classList.add("dwlab-pulse");
    el.setAttribute("role", "alert");
    let pulse;
    const placed = new ResizeObserver(() => { // when it is drawn, it is not yet inside its panel
      const root = el.closest(".dwlab-sweep");
      if (root && !pulse) pulse = new Pulse(model, root);
    });
    placed.observe(el);
    return () => {
      placed.disconnect();
      pulse?.close();
    };
  },
};
