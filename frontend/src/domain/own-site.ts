type Owned = {
  kind: "studio" | "configured" | "machine";
  isActive: boolean;
  agents: readonly { userName: string }[];
};

/** The machine of who looks: his active site, or one where he runs an agent. */
export function isOwnMachine(site: Owned, userName: string | null): boolean {
  return (
    site.kind === "machine" &&
    (site.isActive || site.agents.some((agent) => agent.userName === userName))
  );
}
