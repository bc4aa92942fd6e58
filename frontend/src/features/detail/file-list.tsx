import "./file-list.css";

import { useState } from "react";

import type { RepresentationFile } from "../../api/types";
import { Icon, type IconName } from "../../components/icon";
import { ProgressBar } from "../../components/progress-bar";
import { useToasts } from "../../components/toasts";
import { type SiteStatus, STATUS, STATUS_LOOKS, toSiteStatus } from "../../domain/status";
import { copyText } from "../../lib/copy-text";
import { formatBytes, formatCount, formatNumberOf, formatPercent, toFraction } from "../../lib/format";

const FIRST_SHOWN = 100;

const ICONS: Record<SiteStatus, IconName> = {
  [-1]: "none",
  0: "up",
  1: "queued",
  2: "failed",
  3: "paused",
  4: "verified",
};

/** What needs a look first, then by name. */
const ORDER: Record<SiteStatus, number> = { 2: 0, 0: 1, 3: 2, 1: 3, [-1]: 4, 4: 5 };

function getName(file: RepresentationFile): string {
  return file.path.slice(file.path.lastIndexOf("/") + 1);
}

export function FileList({
  files,
  siteName,
}: {
  files: readonly RepresentationFile[];
  siteName: string;
}) {
  const [shown, setShown] = useState(FIRST_SHOWN);
  const statusOf = (file: RepresentationFile) =>
    toSiteStatus(file.sites[siteName]?.status ?? STATUS.notAvailable);
  const sorted = [...files].sort(
    (a, b) => ORDER[statusOf(a)] - ORDER[statusOf(b)] || a.path.localeCompare(b.path),
  );
  const more = sorted.length - shown;
  return (
    <>
      <ul className="file-list">
        {sorted.slice(0, shown).map((file) => (
          <FileItem key={file.id} file={file} siteName={siteName} />
        ))}
      </ul>
      {more > 0 && (
        <button
          type="button"
          className="link"
          onClick={() => {
            setShown(shown + 1000);
          }}
        >
          {formatCount(more)} more
        </button>
      )}
      {files.length === 0 && <p className="quiet-text">It has no files.</p>}
    </>
  );
}

/** Where its word comes from that the bytes are right. */
function tellProof(proof: string | null | undefined): string {
  if (proof === "content") return "content verified";
  if (proof === "storage") return "verified by the storage";
  return proof === "size" ? "size verified" : "not verified yet";
}

function FileItem({ file, siteName }: { file: RepresentationFile; siteName: string }) {
  const showToast = useToasts();
  const state = file.sites[siteName];
  const status = toSiteStatus(state?.status ?? STATUS.notAvailable);
  const look = STATUS_LOOKS[status];
  const isThere = status === STATUS.synced;
  const isClaimed = isThere && state?.proof == null;
  const told = isThere ? `synced, ${tellProof(state?.proof)}` : look.sentence;
  const fraction = isThere ? 1 : toFraction(state?.bytesDone ?? 0, file.size);
  const name = getName(file);
  const copyPath = () => {
    copyText(file.path).then(
      () => {
        showToast({ tone: "good", text: `The path of ${name} was copied.` });
      },
      () => {
        showToast({ tone: "error", text: `Copy this path: ${file.path}` });
      },
    );
  };
  return (
    <li className="file" data-tone={isClaimed ? "claimed" : look.tone}>
      <span className="file-line" title={`${file.path}\n${told}`}>
        <Icon name={isClaimed ? "claimed" : ICONS[status]} />
        <span className="file-name">{name}</span>
        <ProgressBar fraction={fraction} />
        <span className="file-size">
          {status === STATUS.inProgress && `${formatPercent(fraction)} of `}
          {formatBytes(file.size)}
        </span>
        {isThere ? (
          <small className="file-proof">
            <span className="for-readers">synced, </span>
            {tellProof(state?.proof)}
          </small>
        ) : (
          <span className="for-readers">{told}</span>
        )}
      </span>
      <button
        type="button"
        className="chip-clear"
        aria-label={`Copy the path of ${name}`}
        title="Copy the path, with the root as AYON names it"
        onClick={copyPath}
      >
        <Icon name="copy" size={13} />
      </button>
      {state?.message != null && state.message !== "" && (
        <span className="file-error">
          <bdi>
            {state.message}
            {state.retries > 0 && ` (${formatNumberOf(state.retries, "failure")})`}
          </bdi>
        </span>
      )}
    </li>
  );
}
