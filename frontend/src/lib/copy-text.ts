/**
 * Puts text on the clipboard. Browsers give pages of plain http no clipboard: there
 * the text is selected and copied as a person would.
 * @throws {Error} the browser does not let the page copy.
 */
export async function copyText(text: string): Promise<void> {
  // Its type does not say that it may be missing.
  const { clipboard } = navigator as { clipboard?: Clipboard };
  if (clipboard !== undefined) {
    try {
      await clipboard.writeText(text);
      return;
    } catch {
      // A frame without the permission: the other way may still be open.
    }
  }
  if (!copySelected(text)) throw new Error("The browser does not let the page copy.");
}

function copySelected(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "for-readers";
  area.setAttribute("aria-hidden", "true");
  document.body.append(area);
  area.focus();
  area.select();
  try {
    // Given up by the standard, kept by all browsers, and all there is without https.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    return document.execCommand("copy");
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}
