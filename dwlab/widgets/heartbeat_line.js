// The line of a panel of plain controls that tells when the kernel no longer answers.

export default {
  render({ model, el }) {
    el.classList.add("dwlab-heartbeat");
    el.setAttribute("role", "alert");
    let heartbeat;
    const placed = new ResizeObserver(() => { // when it is drawn, it is not yet inside its panel
      const root = el.closest(".dwlab-panel");
      if (root && !heartbeat) heartbeat = new Heartbeat(model, root);
    });
    placed.observe(el);
    return () => {
      placed.disconnect();
      heartbeat?.close();
    };
  },
};
