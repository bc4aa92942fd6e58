import { useEffect, useState } from "react";

import { Icon } from "../../components/icon";

const TYPING_PAUSE_MS = 250;

/** Tells what is searched once typing pauses, at Enter, and when it is cleared. */
export function SearchBox({
  value,
  onChange,
}: {
  value: string;
  onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  const [lastValue, setLastValue] = useState(value);
  if (value !== lastValue) {
    // Changed from elsewhere: a link, the "clear" button.
    setLastValue(value);
    setText(value);
  }
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => {
      onChange(text);
    }, TYPING_PAUSE_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [text, value, onChange]);

  return (
    <form
      role="search"
      className="search"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(text);
      }}
    >
      <Icon name="search" />
      <input
        type="search"
        aria-label="Search folder, product, representation"
        placeholder="Search folder, product, representation…"
        value={text}
        maxLength={200}
        spellCheck={false}
        onChange={(event) => {
          setText(event.target.value);
        }}
      />
    </form>
  );
}
