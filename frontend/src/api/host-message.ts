/** What the page that frames the panel says about itself. */
export type HostContext = {
  token: string;
  /** null in the settings and dashboard scopes. */
  projectName: string | null;
  /** Folders selected in the host's hierarchy; empty means all. */
  folderIds: readonly string[];
  addonName: string;
  addonVersion: string;
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function readString(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/**
 * Reads a message of the host's protocol. Other frames and browser extensions
 * post messages too: anything of another shape is null.
 */
export function parseHostMessage(data: unknown): HostContext | null {
  if (!isRecord(data) || readString(data["scope"]) === null) return null;
  const token = readString(data["accessToken"]);
  if (token === null) return null;
  // The settings page's context remembers the project that was open before it.
  const isOfProject = data["scope"] === "project";
  const context = isRecord(data["context"]) ? data["context"] : {};
  const focused = isRecord(context["focused"]) ? context["focused"] : {};
  const folders: unknown = focused["folders"];
  return {
    token,
    projectName: isOfProject
      ? (readString(data["projectName"]) ?? readString(context["projectName"]))
      : null,
    folderIds: Array.isArray(folders)
      ? folders.filter((id): id is string => typeof id === "string")
      : [],
    addonName: readString(data["addonName"]) ?? "",
    addonVersion: readString(data["addonVersion"]) ?? "",
  };
}
