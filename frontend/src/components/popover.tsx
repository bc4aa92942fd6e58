import "./popover.css";

import { type ReactNode, useEffect, useId, useRef, useState } from "react";

import { Icon, type IconName } from "./icon";

/**
 * A button and what it opens beside itself; closed by Escape, by a click elsewhere
 * and by the choice of a `menu-item`.
 */
export function Popover({
  icon,
  label,
  hint,
  isSet = false,
  isDisabled = false,
  onClear,
  children,
}: {
  icon?: IconName;
  label: ReactNode;
  /** Names the opened part for screen readers. */
  hint: string;
  /** It narrows or changes something: it looks so and can be cleared. */
  isSet?: boolean;
  isDisabled?: boolean;
  onClear?: () => void;
  children: ReactNode;
}) {
  const [isOpen, setIsOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const listId = useId();

  useEffect(() => {
    if (!isOpen) return;
    const onPointerDown = (event: PointerEvent) => {
      if (root.current?.contains(event.target as Node) === false) setIsOpen(false);
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      // What lies behind it stays open.
      event.preventDefault();
      setIsOpen(false);
      button.current?.focus();
    };
    const onClick = (event: MouseEvent) => {
      if ((event.target as Element).closest(".menu-item") === null) return;
      // Before what was chosen opens: from there the focus comes back to here.
      button.current?.focus();
      // Later than the item's own handler: it would be gone before it is called.
      setTimeout(() => {
        setIsOpen(false);
      });
    };
    const element = root.current;
    element?.addEventListener("click", onClick);
    document.addEventListener("pointerdown", onPointerDown);
    document.addEventListener("keydown", onKeyDown, { capture: true });
    return () => {
      element?.removeEventListener("click", onClick);
      document.removeEventListener("pointerdown", onPointerDown);
      document.removeEventListener("keydown", onKeyDown, { capture: true });
    };
  }, [isOpen]);

  return (
    <div className="picker" ref={root} data-set={isSet}>
      <button
        ref={button}
        type="button"
        className="button chip"
        disabled={isDisabled}
        aria-expanded={isOpen}
        aria-controls={listId}
        onClick={() => {
          setIsOpen(!isOpen);
        }}
      >
        {icon !== undefined && <Icon name={icon} />}
        <span className="cut">{label}</span>
      </button>
      {isSet && onClear !== undefined && (
        <button
          type="button"
          className="chip-clear"
          aria-label={`Clear: ${hint}`}
          title="Clear"
          onClick={onClear}
        >
          <Icon name="close" size={12} />
        </button>
      )}
      {isOpen && (
        <div className="picker-list" id={listId} role="group" aria-label={hint}>
          {children}
        </div>
      )}
    </div>
  );
}
