import { isOwnMachine } from "./own-site";
import type { VerbName } from "./verbs";

/** Who looks; `name` is null while that is not known. */
export type Viewer = { name: string | null; isManager: boolean };

type Ordered = Parameters<typeof isOwnMachine>[0];

/** On sites that all share, others than managers may ask for what they lack. */
const FOR_MEMBERS: readonly VerbName[] = ["queue", "retry"];

/** What the server would let through: offered is only what may be done. */
export function mayOrder(verb: VerbName, site: Ordered, viewer: Viewer): boolean {
  if (viewer.isManager) return true;
  if (site.kind === "machine") return isOwnMachine(site, viewer.name);
  return FOR_MEMBERS.includes(verb);
}
