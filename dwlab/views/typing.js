// What is typed into fields.

/** Replace a part of the text of a field as if it were typed there. */
function putText(field, start, end, text) {
  field.focus();
  field.setSelectionRange(start, end);
  const isTyped = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
  if (!isTyped) {
    field.setRangeText(text, start, end, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}

/** Whether keys are typed as text into an element. */
function isTypedInto(element) {
  return element.matches("textarea, select, input:not([type='button'], [type='checkbox'], [type='file'], [type='range'])");
}
