import "./toasts.css";

import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
} from "react";

import { Icon } from "./icon";

export type Toast = {
  text: string;
  tone: "good" | "error";
  action?: { label: string; onAct: () => void };
};

type ShownToast = Toast & { id: number };

const SHOWN_MS = 6000;
/** Time to decide to undo. */
const SHOWN_WITH_ACTION_MS = 15_000;
const MOST_SHOWN = 5;

const ToastContext = createContext<((toast: Toast) => void) | null>(null);

let lastId = 0;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly ShownToast[]>([]);
  const show = useCallback((toast: Toast) => {
    lastId += 1;
    const shown = { ...toast, id: lastId };
    setToasts((all) => [...all, shown].slice(-MOST_SHOWN));
  }, []);
  const close = useCallback((id: number) => {
    setToasts((all) => all.filter((toast) => toast.id !== id));
  }, []);
  const content = useMemo(
    () => toasts.map((toast) => <ToastBox key={toast.id} toast={toast} close={close} />),
    [toasts, close],
  );
  return (
    <ToastContext.Provider value={show}>
      {children}
      <div className="toasts" role="log" aria-label="Messages" aria-live="polite">
        {content}
      </div>
    </ToastContext.Provider>
  );
}

function ToastBox({ toast, close }: { toast: ShownToast; close: (id: number) => void }) {
  const { id, action } = toast;
  useEffect(() => {
    const shownFor = action === undefined ? SHOWN_MS : SHOWN_WITH_ACTION_MS;
    const timer = setTimeout(() => {
      close(id);
    }, shownFor);
    return () => {
      clearTimeout(timer);
    };
  }, [id, action, close]);
  return (
    <div className="toast" data-tone={toast.tone}>
      <Icon name={toast.tone === "error" ? "failed" : "verified"} />
      <span className="toast-text">{toast.text}</span>
      {action !== undefined && (
        <button
          type="button"
          className="link"
          onClick={() => {
            close(id);
            action.onAct();
          }}
        >
          {action.label}
        </button>
      )}
      <button
        type="button"
        className="chip-clear"
        aria-label="Close the message"
        onClick={() => {
          close(id);
        }}
      >
        <Icon name="close" size={12} />
      </button>
    </div>
  );
}

export function useToasts(): (toast: Toast) => void {
  const show = useContext(ToastContext);
  if (show === null) throw new Error("useToasts needs a ToastProvider above it.");
  return show;
}
