import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { useApi } from "../../api/api-context";
import { EmptyState } from "../../components/empty-state";
import { formatHash } from "../../lib/hash-state";
import { getProjectsQueryOptions } from "./get-projects";

/** Asked when the address names no project. The only project needs no question. */
export function ProjectPicker({ onPick }: { onPick: (projectName: string) => void }) {
  const api = useApi();
  const { data: names, error, refetch } = useQuery(getProjectsQueryOptions(api));
  const only = names?.length === 1 ? names[0] : undefined;
  useEffect(() => {
    if (only !== undefined) onPick(only);
  }, [only, onPick]);

  if (error !== null) {
    return (
      <EmptyState icon="failed" tone="error" title="The projects could not be read">
        <p>{error.message}</p>
        <button
          type="button"
          className="button"
          onClick={() => {
            void refetch();
          }}
        >
          Try again
        </button>
      </EmptyState>
    );
  }
  if (names === undefined || only !== undefined) return null;
  if (names.length === 0) {
    return (
      <EmptyState icon="folder" title="There is no project for you">
        <p>Ask an administrator for access to a project.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="folder" title="Which project?">
      <ul className="projects">
        {names.map((projectName) => (
          <li key={projectName}>
            <a
              className="button"
              href={formatHash({ projectName })}
            >
              {projectName}
            </a>
          </li>
        ))}
      </ul>
    </EmptyState>
  );
}
