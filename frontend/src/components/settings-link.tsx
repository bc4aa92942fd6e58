import { useApi } from "../api/api-context";
import type { Problem } from "../api/contract";
import { useViewer } from "../api/get-me";

/** Problems whose remedy is in the project's settings. */
const OF_SETTINGS: readonly string[] = ["wrong_setting", "unknown_site"];

/** The way to AYON's own settings page, for who may change them there. */
export function SettingsLink({
  projectName,
  problem,
}: {
  projectName: string;
  problem: Pick<Problem, "code" | "text">;
}) {
  const { serverBase, addonName } = useApi().location;
  const { isManager } = useViewer();
  if (!isManager || !OF_SETTINGS.includes(problem.code)) return null;
  const query = new URLSearchParams({ project: projectName, addonName }).toString();
  return (
    <a
      className="button"
      href={`${serverBase}/manageProjects/projectSettings?${query}`}
      // It is a page of the host: the panel may be framed in another.
      target="_top"
      aria-label={`Open settings: ${problem.text}`}
    >
      Open settings
    </a>
  );
}
