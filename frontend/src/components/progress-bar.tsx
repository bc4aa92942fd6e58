import "./progress-bar.css";

/** `fraction` 0 to 1. The cell around it says the same in words. */
export function ProgressBar({ fraction }: { fraction: number }) {
  return (
    <span className="bar" aria-hidden="true">
      <span className="bar-fill" style={{ width: `${fraction * 100}%` }} />
    </span>
  );
}
