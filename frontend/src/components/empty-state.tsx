import "./empty-state.css";

import type { ReactNode } from "react";

import { Icon, type IconName } from "./icon";

/** Fills the place where content would be and says why there is none. */
export function EmptyState({
  icon,
  title,
  tone = "plain",
  children,
}: {
  icon: IconName;
  title: string;
  tone?: "plain" | "error";
  children?: ReactNode;
}) {
  return (
    <div className="empty" data-tone={tone} role={tone === "error" ? "alert" : "status"}>
      <span className="empty-icon">
        <Icon name={icon} size={32} />
      </span>
      <h2>{title}</h2>
      {children !== undefined && <div className="empty-body">{children}</div>}
    </div>
  );
}
