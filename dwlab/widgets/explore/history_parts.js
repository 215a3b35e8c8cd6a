// The pictures of one listing of the history by their place, as far as a page has asked for them.

const BLOCK = 100; // entries that are asked for at once

class HistoryParts {
  /** order: which listing it is. onchange: told when some have come. */
  constructor(requests, order, onchange) {
    Object.assign(this, { requests, order, onchange });
    this.blocks = new Map(); // number -> entries
    this.reads = new Map(); // number -> a promise that they are here
  }

  /** Marks have changed: entries are asked for anew, and those that are here are shown until they come. */
  renew() {
    this.reads.clear();
  }

  /** The entry at a place; undefined while it is on its way. */
  entry(index) {
    const number = Math.floor(index / BLOCK);
    this.have(number);
    return this.blocks.get(number)?.[index % BLOCK];
  }

  /** Wait until the entries at some places are here. */
  async wait(indices) {
    const numbers = new Set(indices.map((index) => Math.floor(index / BLOCK)));
    await Promise.all([...numbers].map((number) => this.have(number)));
  }

  have(number) {
    if (!this.reads.has(number)) this.reads.set(number, this.read(number));
    return this.reads.get(number);
  }

  async read(number) {
    const { content } = await this.requests.ask("history_entries", { start: number * BLOCK, end: (number + 1) * BLOCK });
    if (content.order !== this.order) return; // of another listing, which is on its way
    this.blocks.set(number, content.entries);
    this.onchange();
  }
}
