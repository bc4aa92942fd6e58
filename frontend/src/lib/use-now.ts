import { useEffect, useState } from "react";

/** Epoch seconds, renewed every half minute: ages in cells grow by themselves. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now() / 1000);
    }, 30_000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return now;
}
