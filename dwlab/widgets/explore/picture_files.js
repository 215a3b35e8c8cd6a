// The files of pictures as the page has them: asked of the kernel once each.

const FILES_KEPT = 24;

class PictureFiles {
  constructor(requests) {
    this.requests = requests;
    this.files = new Map(); // key -> promise of {address, bytes, name}
  }

  /** A picture's file; its address is empty if it is gone. */
  file(key) {
    if (!this.files.has(key)) this.files.set(key, this.read(key));
    if (this.files.size > FILES_KEPT) this.drop(this.files.keys().next().value);
    return this.files.get(key);
  }

  async read(key) {
    const { content, bytes } = await this.requests.ask("full", { key });
    if (!bytes.length) {
      this.files.delete(key); // it may come back
      return { address: "", bytes, problem: content.text };
    }
    return { address: URL.createObjectURL(new Blob([bytes], { type: "image/png" })), bytes, name: content.name };
  }

  async address(key) {
    return (await this.file(key)).address;
  }

  async drop(key) {
    const file = this.files.get(key);
    this.files.delete(key);
    URL.revokeObjectURL((await file).address);
  }

  close() {
    for (const key of [...this.files.keys()]) this.drop(key);
  }
}
