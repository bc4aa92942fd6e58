import {
  useCallback,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";

import { useApi } from "../../api/api-context";
import { useLive } from "../../api/live-context";
import {
  type ListQuestion,
  queryAnchors,
  queryRepresentations,
} from "../../api/query-representations";
import { LiveRows } from "./live-rows";
import { type BlocksState, RowBlocks } from "./row-blocks";

/** Without a live connection the screen is read this often. */
const POLL_EVERY_MS = 15_000;

type Listed = { blocks: RowBlocks; question: ListQuestion };

export type Representations = Listed & {
  state: BlocksState;
  /** The rows are those of the question before: the answer is under way. */
  isOld: boolean;
  onVisibleChange: (start: number, end: number) => void;
};

/** The list for a question, kept as the server has it. */
export function useRepresentations(question: ListQuestion): Representations {
  const api = useApi();
  const { connection, subscribe } = useLive();
  const asked = useMemo<Listed>(() => {
    const blocks = new RowBlocks({
      query: (part, signal) => queryRepresentations(api, question, part, signal),
      queryAnchors: (every, most, signal) =>
        queryAnchors(api, question, every, most, signal),
    });
    return { blocks, question };
  }, [api, question]);
  const askedState = useSyncExternalStore(asked.blocks.subscribe, asked.blocks.getState);

  // The last answer stays on the screen until the new one is there.
  const [answered, setAnswered] = useState(asked);
  const isOld = askedState.total === null && askedState.error === null;
  if (!isOld && answered !== asked) setAnswered(asked);
  const shown = isOld ? answered : asked;
  const state = useSyncExternalStore(shown.blocks.subscribe, shown.blocks.getState);

  const rows = useMemo(() => makeLiveRows(asked.blocks, api, question), [asked, api, question]);
  useEffect(() => {
    asked.blocks.start();
    rows.start();
    const unsubscribe = subscribe({
      onStateChange: (change) => {
        rows.onStateChange(change);
      },
      onResync: () => {
        rows.onResync();
      },
    });
    const catchUp = () => {
      rows.catchUp();
    };
    document.addEventListener("visibilitychange", catchUp);
    return () => {
      document.removeEventListener("visibilitychange", catchUp);
      unsubscribe();
      rows.stop();
      asked.blocks.stop();
    };
  }, [asked, rows, subscribe]);

  const { isReading } = askedState;
  useEffect(() => {
    if (!isReading) rows.onPagesLoaded();
  }, [rows, isReading]);

  useEffect(() => {
    if (connection === "live") return;
    const timer = setInterval(() => {
      rows.onResync();
    }, POLL_EVERY_MS);
    return () => {
      clearInterval(timer);
    };
  }, [rows, connection]);

  const onVisibleChange = useCallback(
    (start: number, end: number) => {
      if (shown !== asked) return;
      asked.blocks.show(start, end);
      const ids: string[] = [];
      for (let index = start; index <= end; index += 1) {
        const row = asked.blocks.getRow(index);
        if (row !== undefined) ids.push(row.representationId);
      }
      rows.onVisibleChange(ids);
    },
    [shown, asked, rows],
  );
  return { ...shown, state, isOld: shown !== asked, onVisibleChange };
}

function makeLiveRows(
  blocks: RowBlocks,
  api: ReturnType<typeof useApi>,
  question: ListQuestion,
): LiveRows {
  return new LiveRows({
    getLoadedIds: () => blocks.listLoadedIds(),
    isWatched: () => !document.hidden,
    isLoading: () => blocks.getState().isReading,
    fetchRows: async (ids) => {
      const part = { representationIds: [...ids], first: ids.length };
      return (await queryRepresentations(api, question, part)).representations;
    },
    hasNewRows: async (ids) => {
      blocks.forgetUnseen();
      const { after, before } = blocks.getSeenBounds();
      // A query looks forwards or backwards: not between two cursors.
      const range = after === null ? { last: 1, before } : { first: 1, after };
      const part = { representationIds: [...ids], ...range };
      const page = await queryRepresentations(api, question, part);
      return page.representations.length > 0;
    },
    putRows: (rows) => {
      blocks.putRows(rows);
    },
    reload: () => blocks.reload(),
  });
}
