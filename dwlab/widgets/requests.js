// Questions that a page asks its kernel, each answered once.

class Requests {
  constructor(model) {
    this.model = model;
    this.page = Math.random().toString(36).slice(2);
    this.asked = 0;
    this.waiting = new Map(); // request -> what to do with its answer
    this.answered = (content, buffers) => {
      this.waiting.get(content.answer)?.(content, buffers);
      this.waiting.delete(content.answer);
    };
    model.on("msg:custom", this.answered);
  }

  /** Ask the kernel; resolves to {content, bytes}. */
  ask(action, more) {
    this.asked += 1;
    const request = `${this.page} ${this.asked}`;
    return new Promise((resolve) => {
      this.waiting.set(request, (content, buffers) => {
        const view = buffers?.[0];
        const bytes = view ? new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength) : new Uint8Array();
        resolve({ content, bytes });
      });
      this.model.send({ ask: action, request, ...more });
    });
  }

  close() {
    this.model.off("msg:custom", this.answered);
  }
}
