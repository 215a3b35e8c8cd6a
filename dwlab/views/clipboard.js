// What a page hands to other programs: texts on the clipboard, files in the folder of downloads.

/** Put a text on the clipboard; whether that was possible. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea", { value: text, className: "dwv-ruler" });
    const { activeElement } = document;
    // what is outside an open dialog can't be selected
    (document.querySelector("dialog:modal") ?? document.body).append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    activeElement?.focus();
    return isCopied;
  }
}

/** Copy a text and tell so. Where the browser does not allow it, `offer` shows the text to be copied by hand. */
async function copyAndTell(text, name, tell, offer) {
  const isCopied = await copied(text);
  tell(isCopied ? `${name} is copied.` : `The browser does not allow copying; ${name.toLowerCase()} is below.`);
  if (!isCopied) offer(text);
}

/** Hand a text, or bytes, to the person as a file. */
function saveAs(name, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it after this
}
