type Pause = {
  scope: "all" | "project" | "site";
  projectName: string | null;
  siteName: string | null;
};

/** The pauses under which a site of a project stands. */
export function pausesOf<T extends Pause>(
  pauses: readonly T[],
  projectName: string,
  siteName: string,
): readonly T[] {
  return pauses.filter(
    (pause) =>
      pause.scope === "all" ||
      (pause.scope === "project" && pause.projectName === projectName) ||
      (pause.scope === "site" &&
        pause.siteName === siteName &&
        (pause.projectName === null || pause.projectName === projectName)),
  );
}

export function isProjectPaused(
  pauses: readonly Pause[],
  projectName: string,
): boolean {
  return pauses.some(
    (pause) => pause.scope === "project" && pause.projectName === projectName,
  );
}
