/** What the address after `#` says; a link with it opens the same view. */
export type HashState = {
  projectName: string | null;
  /** null: the sites that the panel chooses itself. */
  siteNames: readonly string[] | null;
  search: string;
};

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text; // A lone "%" typed by hand is just that.
  }
}

/** `#project=demo&sites=studio,brisk-amber-fox&q=comp` */
export function parseHash(hash: string): HashState {
  const fields = new Map<string, string>();
  for (const part of hash.replace(/^#/, "").split("&")) {
    const cut = part.indexOf("=");
    if (cut > 0) fields.set(part.slice(0, cut), part.slice(cut + 1));
  }
  const siteNames = (fields.get("sites") ?? "").split(",").map(decode).filter(Boolean);
  const projectName = decode(fields.get("project") ?? "");
  return {
    projectName: projectName === "" ? null : projectName,
    siteNames: siteNames.length > 0 ? siteNames : null,
    search: decode(fields.get("q") ?? ""),
  };
}

export function formatHash(state: HashState): string {
  const parts: string[] = [];
  if (state.projectName !== null) {
    parts.push(`project=${encodeURIComponent(state.projectName)}`);
  }
  if (state.siteNames !== null) {
    // Encoded one by one: a site's name may hold a comma.
    parts.push(`sites=${state.siteNames.map(encodeURIComponent).join(",")}`);
  }
  if (state.search !== "") parts.push(`q=${encodeURIComponent(state.search)}`);
  return parts.length > 0 ? `#${parts.join("&")}` : "";
}
