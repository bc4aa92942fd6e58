import "./site-cell.css";

import { Icon } from "./icon";
import { ProgressBar } from "./progress-bar";
import type { SiteStateView } from "./site-state";

export function SiteCell({ view }: { view: SiteStateView }) {
  return (
    <span className="site-cell" data-tone={view.tone}>
      <Icon name={view.icon} />
      <ProgressBar fraction={view.fraction} />
      <span className="site-cell-text">{view.text}</span>
      <span className="for-readers">{view.sentence}</span>
    </span>
  );
}
