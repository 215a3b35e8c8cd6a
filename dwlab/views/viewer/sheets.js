// Sheets of thumbnails: each is decoded once, kept while there is room, and drawn from.

const ROOM = 256 << 20; // bytes of decoded sheets

class Sheets {
  /** source: gives sheets by number. onload(number): one has arrived. */
  constructor(source, onload) {
    this.source = source;
    this.onload = onload;
    this.sheets = new Map(); // number -> {image, sizes, version, keys}; the one used last is at the end
    this.asked = new Map(); // number -> version
  }

  /** Take in the sheets and keys of a document; they change while a sweep runs. */
  adopt(document) {
    const layout = document.sheets;
    this.keys = document.keys;
    this.layout = layout;
    this.most = Math.max(4, Math.floor(ROOM / (layout.side * layout.across) ** 2 / 4));
  }

  /** Draw a cell's thumbnail into a box, whole; false while its sheet is not here. */
  draw(context, cell, x, y, width, height) {
    const { side, across, each } = this.layout;
    const number = Math.floor(cell / each);
    const sheet = this.take(number);
    if (!sheet) return false;
    const position = sheet.version === this.layout.versions[number] ? cell % each : sheet.keys.indexOf(this.keys[cell]);
    const [thumbWidth, thumbHeight] = sheet.sizes[position] ?? [0, 0];
    if (!thumbWidth) return true;
    const scale = Math.min(width / thumbWidth, height / thumbHeight);
    const [shownWidth, shownHeight] = [thumbWidth * scale, thumbHeight * scale];
    context.imageSmoothingEnabled = scale < 1 || thumbWidth >= 96; // tiny pictures stay sharp
    context.imageSmoothingQuality = "medium";
    context.drawImage(sheet.image, (position % across) * side, Math.floor(position / across) * side, thumbWidth, thumbHeight,
      x + (width - shownWidth) / 2, y + (height - shownHeight) / 2, shownWidth, shownHeight);
    return true;
  }

  /** A sheet that is here, the newest version or the one before it; asks for the newest. */
  take(number) {
    const version = this.layout.versions[number];
    const sheet = this.sheets.get(number);
    if (sheet) {
      this.sheets.delete(number);
      this.sheets.set(number, sheet);
    }
    if (sheet?.version !== version && this.asked.get(number) !== version) this.ask(number, version);
    return sheet;
  }

  async ask(number, version) {
    this.asked.set(number, version);
    const { each } = this.layout;
    const keys = this.keys.slice(number * each, (number + 1) * each);
    try {
      const { image, sizes } = await this.source.sheet(number, version);
      this.sheets.get(number)?.image.close();
      this.sheets.delete(number);
      this.sheets.set(number, { image, sizes, version, keys });
      if (this.sheets.size > this.most) this.drop(this.sheets.keys().next().value);
      this.onload(number);
    } catch { // a sheet that cannot be decoded stays empty, and is not asked for again
    }
    if (this.asked.get(number) === version && this.sheets.has(number)) this.asked.delete(number);
  }

  drop(number) {
    this.sheets.get(number).image.close();
    this.sheets.delete(number);
  }

  close() {
    for (const number of [...this.sheets.keys()]) this.drop(number);
  }
}

/** The bytes of a base64 text. */
function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** A picture, decoded and kept decoded, from its bytes. */
function decoded(bytes, type) {
  return createImageBitmap(new Blob([bytes], { type }));
}
