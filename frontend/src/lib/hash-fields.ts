/** `#a=1&b=x,y`: text fields after the `#`, each value a list of parts. */
export type HashFields = ReadonlyMap<string, readonly string[]>;

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text; // A lone "%" typed by hand is just that.
  }
}

/** Parts are encoded one by one: any of them may hold a comma. */
export function parseFields(hash: string): HashFields {
  const fields = new Map<string, readonly string[]>();
  for (const part of hash.replace(/^#/, "").split("&")) {
    const cut = part.indexOf("=");
    if (cut <= 0) continue;
    const values = part.slice(cut + 1).split(",").map(decode).filter(Boolean);
    fields.set(part.slice(0, cut), values);
  }
  return fields;
}

/** Fields without a value are left out. */
export function formatFields(
  fields: Iterable<readonly [string, readonly string[]]>,
): string {
  const parts: string[] = [];
  for (const [name, values] of fields) {
    if (values.length > 0) {
      parts.push(`${name}=${values.map(encodeURIComponent).join(",")}`);
    }
  }
  return parts.length > 0 ? `#${parts.join("&")}` : "";
}
