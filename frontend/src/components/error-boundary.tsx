import { Component, type ErrorInfo, type ReactNode } from "react";

import { EmptyState } from "./empty-state";

/** A defect in one part shows here instead of an empty page. */
export class ErrorBoundary extends Component<
  { children: ReactNode },
  { error: Error | null }
> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error("The panel failed to draw.", error, info.componentStack);
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <EmptyState icon="failed" title="The panel has a defect" tone="error">
        <p>{this.state.error.message}</p>
        <button
          type="button"
          className="button"
          onClick={() => {
            window.location.reload();
          }}
        >
          Load it again
        </button>
      </EmptyState>
    );
  }
}
