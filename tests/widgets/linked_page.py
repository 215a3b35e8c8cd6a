"""A widget on a page of its own, without Jupyter: each hears the other only when a test lets them."""

from __future__ import annotations

import base64
import time

from lab import SECONDS

PAGE = """<!doctype html><meta charset="utf-8"><body><div id="widget"></div>"""
MODEL = """
class Model {
  constructor(state) {
    Object.assign(this, { state, listeners: new Map(), changed: {}, said: [] });
  }
  get(name) { return this.state[name]; }
  set(name, value) {
    this.state[name] = this.changed[name] = value;
    this.tell(`change:${name}`);
  }
  save_changes() {
    this.said.push({ state: this.changed });
    this.changed = {};
  }
  send(content) { this.said.push({ content }); }
  on(name, listener) { this.listeners.set(name, [...this.heard(name), listener]); }
  off(name, listener) {
    this.listeners.set(name, this.heard(name).filter((each) => each !== listener));
  }
  heard(name) { return this.listeners.get(name) ?? []; }
  tell(name, ...details) { for (const listener of this.heard(name)) listener(...details); }
  takeSaid() { return this.said.splice(0); }
  adopt(state) {
    const names = Object.keys(state).filter((name) =>
      JSON.stringify(state[name]) !== JSON.stringify(this.state[name]));
    Object.assign(this.state, state);
    for (const name of names) this.tell(`change:${name}`);
  }
  answer(content, bytes) {
    const data = Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0));
    this.tell("msg:custom", content, [new DataView(data.buffer)]);
  }
}
"""
RENDER = """async ([script, state]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  window.model = new Model(state);
  widget.render({ model: window.model, el: document.querySelector("#widget") });
}"""


class LinkedPage:
    """Shows an anywidget on a page. What each says reaches the other in `exchange`."""

    def __init__(self, page, widget):
        self.page = page
        self.widget = widget
        self.answers = []
        widget.send = lambda content, buffers=(): self.answers.append((content, buffers))
        page.set_content(PAGE)
        page.add_script_tag(content=MODEL)
        page.evaluate(RENDER, [widget._esm, self.state()])

    def state(self):
        """The traits that the page sees."""
        names = [name for name in self.widget.keys if not name.startswith("_")]
        return {name: getattr(self.widget, name) for name in names if name not in OWN}

    def exchange(self):
        """Let the widget hear what the page said, and the page what the widget is now."""
        for message in self.page.evaluate("model.takeSaid()"):
            if "content" in message:
                self.widget._handle_custom_msg(message["content"], [])
            else:
                self.widget.set_state(message["state"])
        for content, buffers in self.answers:
            data = base64.b64encode(b"".join(bytes(buffer) for buffer in buffers)).decode()
            self.page.evaluate("([content, data]) => model.answer(content, data)", [content, data])
        self.answers.clear()
        self.page.evaluate("state => model.adopt(state)", self.state())

    def exchange_until(self, condition):
        """Let both hear each other until something is as it should be."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline
            self.exchange()


OWN = ("layout", "comm", "tabbable", "tooltip")  # of ipywidgets itself
