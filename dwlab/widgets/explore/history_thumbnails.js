// Small pictures of the history by their key, as far as a page has asked for them.

const THUMBNAILS_AT_ONCE = 24;
const THUMBNAILS_KEPT = 1_500;

class HistoryThumbnails {
  /** onchange: told when some have come. */
  constructor(requests, onchange) {
    Object.assign(this, { requests, onchange });
    this.addresses = new Map(); // "key side" -> address
    this.wanted = [];
  }

  /** The address of a thumbnail; undefined while it is on its way, empty if the picture is gone. */
  address(key, side) {
    return this.addresses.get(`${key} ${side}`);
  }

  /** Ask for the thumbnails of the pictures that are seen now; others that were wanted before no longer are. */
  want(keys, side) {
    this.side = side;
    this.wanted = keys.filter((key) => !this.addresses.has(`${key} ${side}`));
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
    this.addresses.set(name, address);
    if (this.addresses.size <= THUMBNAILS_KEPT) return;
    const [[oldest, old]] = this.addresses;
    this.addresses.delete(oldest);
    URL.revokeObjectURL(old);
  }

  close() {
    this.wanted = [];
    for (const address of this.addresses.values()) URL.revokeObjectURL(address);
  }
}
