import "./load-state.css";

import { EmptyState } from "./empty-state";
import { Icon } from "./icon";

type Reading = {
  error: Error | null;
  data: unknown;
  refetch: () => unknown;
};

/** A part of a page that is being read or could not be. Nothing once it is there. */
export function LoadState({ what, query }: { what: string; query: Reading }) {
  if (query.data !== undefined) return null;
  if (query.error === null) {
    return (
      <div className="load-state" role="status" aria-label={`Loading ${what}`}>
        <span className="shimmer" />
      </div>
    );
  }
  return (
    <div className="load-state" role="alert" data-tone="error">
      <Icon name="failed" />
      <span>
        The {what} could not be read: {query.error.message}
      </span>
      <RetryButton onRetry={query.refetch} />
    </div>
  );
}

export function RetryButton({ onRetry }: { onRetry: () => unknown }) {
  return (
    <button
      type="button"
      className="button"
      onClick={() => {
        onRetry();
      }}
    >
      Try again
    </button>
  );
}

/** The same for a page that has nothing else to show. */
export function LoadFailure({ what, query }: { what: string; query: Reading }) {
  return (
    <EmptyState icon="failed" tone="error" title={`The ${what} could not be read`}>
      <p>{query.error?.message}</p>
      <RetryButton onRetry={query.refetch} />
    </EmptyState>
  );
}
