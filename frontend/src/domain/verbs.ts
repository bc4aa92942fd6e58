/** What can be done to a selection, and how the panel says it. */
export const VERBS = [
  "queue",
  "retry",
  "reset",
  "verify",
  "pause",
  "resume",
  "cancel",
  "priority",
  "remove",
] as const;
export type VerbName = (typeof VERBS)[number];

export type VerbLook = {
  label: string;
  /** The dialog's title; "{what}" is the selection in words. */
  title: string;
  explanation: string;
  /** The button that does it. */
  action: string;
  /** After it was done: "12 representations {done}". */
  done: string;
  isDangerous: boolean;
};

export const VERB_LOOKS: Record<VerbName, VerbLook> = {
  queue: {
    label: "Sync to…",
    title: "Sync {what} to",
    explanation: "What is not there yet is queued; what is there stays as it is.",
    action: "Sync",
    done: "queued",
    isDangerous: false,
  },
  retry: {
    label: "Retry…",
    title: "Retry {what} on",
    explanation: "Failed files are queued again, with all their attempts.",
    action: "Retry",
    done: "queued again",
    isDangerous: false,
  },
  reset: {
    label: "Reset…",
    title: "Sync {what} anew on",
    explanation:
      "All files are transferred again, also those that are there. A last copy is only checked.",
    action: "Reset",
    done: "reset",
    isDangerous: false,
  },
  verify: {
    label: "Verify…",
    title: "Check the files of {what} on",
    explanation: "The site's agent reads the files and compares them with what is known.",
    action: "Verify",
    done: "asked to be verified",
    isDangerous: false,
  },
  pause: {
    label: "Pause…",
    title: "Pause {what} on",
    explanation: "Transfers stop where they are until they are resumed.",
    action: "Pause",
    done: "paused",
    isDangerous: false,
  },
  resume: {
    label: "Resume…",
    title: "Resume {what} on",
    explanation: "Paused transfers go on.",
    action: "Resume",
    done: "resumed",
    isDangerous: false,
  },
  cancel: {
    label: "Cancel…",
    title: "Cancel transfers of {what} to",
    explanation: "What is queued, paused or moving is given up; files that are there stay.",
    action: "Cancel the transfers",
    done: "cancelled",
    isDangerous: false,
  },
  priority: {
    label: "Priority…",
    title: "Priority of {what} on",
    explanation: "Transfers with a higher number go first; 50 is usual.",
    action: "Set the priority",
    done: "given the priority",
    isDangerous: false,
  },
  remove: {
    label: "Remove from…",
    title: "Remove {what} from",
    explanation:
      "An agent deletes the files on these sites; until then it can be undone. A last copy stays.",
    action: "Remove",
    done: "being removed",
    isDangerous: true,
  },
};
