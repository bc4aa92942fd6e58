import "./connection-indicator.css";

export type Connection = "connecting" | "live" | "reconnecting" | "offline";

const WORDS: Record<Connection, { word: string; hint: string }> = {
  connecting: { word: "connecting", hint: "Opening the live connection" },
  live: { word: "live", hint: "Changes appear by themselves" },
  reconnecting: {
    word: "reconnecting",
    hint: "The live connection was lost; another is being tried",
  },
  offline: {
    word: "offline",
    hint: "The server does not answer; what you see may be old",
  },
};

export function ConnectionIndicator({ connection }: { connection: Connection }) {
  const { word, hint } = WORDS[connection];
  return (
    <span className="connection" data-connection={connection} title={hint} role="status">
      <span className="connection-dot" aria-hidden="true" />
      {word}
    </span>
  );
}
