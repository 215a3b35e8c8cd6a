// The parts of the history that a page has asked for: entries by their place in the listing, thumbnails by their key.

const BLOCK = 100; // entries that are asked for at once
const THUMBNAILS_AT_ONCE = 24;
const THUMBNAILS_KEPT = 1_500;

class HistoryParts {
  /** onchange: told when something has come. */
  constructor(requests, onchange) {
    Object.assign(this, { requests, onchange });
    this.blocks = new Map(); // number -> entries, or a promise of them
    this.thumbnails = new Map(); // "key side" -> address
    this.wanted = [];
  }

  /** Another listing: entries are asked for anew, and those that were there are shown until they come. */
  renew(version) {
    this.version = version;
    this.before = new Map([...this.blocks].filter(([, block]) => Array.isArray(block)));
    this.blocks.clear();
  }

  /** The entry at a place; undefined while it is on its way. */
  entry(index) {
    const number = Math.floor(index / BLOCK);
    if (!this.blocks.has(number)) this.read(number);
    const block = this.blocks.get(number);
    const shown = Array.isArray(block) ? block : this.before?.get(number);
    return shown?.[index % BLOCK];
  }

  async read(number) {
    const { version } = this;
    this.blocks.set(number, null);
    const { content } = await this.requests.ask("history_entries", { start: number * BLOCK, end: (number + 1) * BLOCK });
    if (version !== this.version) return;
    this.blocks.set(number, content.entries ?? []);
    this.onchange();
  }

  /** Show a thumbnail in an image once it is there. */
  address(key, side) {
    return this.thumbnails.get(`${key} ${side}`);
  }

  /** Ask for the thumbnails of the pictures that are seen now; others that were wanted before no longer are. */
  want(keys, side) {
    this.side = side;
    this.wanted = keys.filter((key) => !this.thumbnails.has(`${key} ${side}`));
    if (!this.isAsking) this.ask();
  }

  async ask() {
    this.isAsking = true;
    while (this.wanted.length) {
      const { side } = this;
      const keys = this.wanted.splice(0, THUMBNAILS_AT_ONCE);
      const { content, bytes } = await this.requests.ask("history_thumbnails", { keys, side });
      let start = 0;
      (content.bytes ?? []).forEach((length, position) => {
        const data = bytes.slice(start, start + length);
        start += length;
        this.keep(`${keys[position]} ${side}`, length ? URL.createObjectURL(new Blob([data], { type: "image/jpeg" })) : "");
      });
      this.onchange();
    }
    this.isAsking = false;
  }

  keep(name, address) {
    this.thumbnails.set(name, address);
    if (this.thumbnails.size <= THUMBNAILS_KEPT) return;
    const [[oldest, old]] = this.thumbnails;
    this.thumbnails.delete(oldest);
    URL.revokeObjectURL(old);
  }

  close() {
    this.wanted = [];
    for (const address of this.thumbnails.values()) URL.revokeObjectURL(address);
  }
}
