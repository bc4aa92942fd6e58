import type { WireSelection } from "../../api/contract";
import type { VerbName } from "../../domain/verbs";

/** What somebody wants done; the dialog asks for what is missing. */
export type VerbRequest = {
  verb: VerbName;
  selection: WireSelection;
  /** The selection in words: "12 representations", "compMain v021 exr". */
  what: string;
  /** Sites chosen beforehand. */
  siteNames: readonly string[];
  /** What people call a representation; null when it is not known here. */
  nameOf: (representationId: string) => string | null;
};
