import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

import { RowScroll, type RowWindow } from "./row-scroll";

/** The rows in sight of a scroller, as they change. */
export function useRowWindow(count: number): {
  scroller: RefObject<HTMLDivElement>;
  view: RowWindow;
  reveal: (index: number) => void;
} {
  const scroller = useRef<HTMLDivElement>(null);
  const scroll = useRef(new RowScroll());
  const [view, setView] = useState<RowWindow>({
    start: 0,
    end: 0,
    from: 0,
    to: -1,
    shift: 0,
    bodyHeight: 0,
  });
  const update = useCallback(() => {
    const next = scroll.current.getWindow();
    setView((last) => (isSame(last, next) ? last : next));
  }, []);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const onScroll = () => {
      scroll.current.onScroll(element.scrollTop);
      update();
    };
    const onResize = () => {
      scroll.current.resize(count, element.clientHeight);
      onScroll();
    };
    onResize();
    element.addEventListener("scroll", onScroll, { passive: true });
    const observer = new ResizeObserver(onResize);
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", onScroll);
      observer.disconnect();
    };
  }, [count, update]);

  const reveal = useCallback(
    (index: number) => {
      const top = scroll.current.reveal(index);
      if (scroller.current !== null) scroller.current.scrollTop = top;
      update();
    },
    [update],
  );
  return { scroller, view, reveal };
}

function isSame(one: RowWindow, other: RowWindow): boolean {
  return (Object.keys(one) as (keyof RowWindow)[]).every(
    (key) => one[key] === other[key],
  );
}
