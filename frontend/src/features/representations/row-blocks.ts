import type { Anchors } from "../../api/query-representations";
import type {
  RepresentationRow,
  RepresentationsPage,
  RepresentationsQuery,
} from "../../api/types";

/** Rows of the first answer: a screen full and more, small enough to come at once. */
export const FIRST_ROWS = 100;
/** Rows of a block; larger ones only where a list has more than 200,000 rows. */
const BLOCK_ROWS = 200;
/** Anchors asked for at most. */
const MOST_ANCHORS = 1000;
/** Blocks kept beside those in sight. */
const MOST_KEPT = 24;
/** Rows of one request where only their ids are wanted: what the server gives at most. */
const MOST_READ = 1000;
/** Rows beyond the sight that are read before they come into it: a second of scrolling. */
const AHEAD_ROWS = 300;

/** The whole list in numbers. Files and bytes are null where nobody summed them. */
export type ListTotals = { rows: number; files: number | null; bytes: number | null };

export type BlockSource = {
  query: (
    part: Partial<RepresentationsQuery>,
    signal: AbortSignal,
  ) => Promise<RepresentationsPage>;
  queryAnchors: (every: number, most: number, signal: AbortSignal) => Promise<Anchors>;
};

export type BlocksState = {
  /** Rows of the list as far as it is known; null until the first answer. */
  total: number | null;
  /** Null while it is being counted: the first rows are not kept waiting. */
  totals: ListTotals | null;
  isReading: boolean;
  error: Error | null;
  /** Grows with each change of a row. */
  version: number;
};

type Block = { rows: readonly RepresentationRow[]; endCursor: string | null };

/**
 * A list of any length of which only what is looked at is held, in blocks of
 * equal size. A block is read from the cursor at its start: that is the end of
 * the block before, or an anchor that the server gave, so that any place of a
 * million rows is one request away.
 */
export class RowBlocks {
  readonly #source: BlockSource;
  readonly #listeners = new Set<() => void>();
  #state: BlocksState = {
    total: null,
    totals: null,
    isReading: false,
    error: null,
    version: 0,
  };
  #blocks = new Map<number, Block>();
  #blockRows = BLOCK_ROWS;
  #anchors: readonly string[] = [];
  #anchorsAsked: Promise<void> | null = null;
  readonly #reading = new Map<number, AbortController>();
  #seen: readonly [start: number, end: number] = [0, 0];
  #stop = new AbortController();

  constructor(source: BlockSource) {
    this.#source = source;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getState = (): BlocksState => this.#state;

  start(): void {
    this.#stop = new AbortController();
    if (this.#state.total === null) void this.reload();
  }

  stop(): void {
    this.#stop.abort();
    this.#reading.clear();
    this.#anchorsAsked = null;
    this.#set({ isReading: false });
  }

  getRow(index: number): RepresentationRow | undefined {
    const at = Math.floor(index / this.#blockRows);
    return this.#blocks.get(at)?.rows[index - at * this.#blockRows];
  }

  /** Ids of the rows from `start` to `end`; null if one of them is not held. */
  listHeldIds(start: number, end: number): readonly string[] | null {
    const ids: string[] = [];
    for (let index = start; index <= end; index += 1) {
      const row = this.getRow(index);
      if (row === undefined) return null;
      ids.push(row.representationId);
    }
    return ids;
  }

  /**
   * The same, read from the server and not kept.
   * @throws {Error} the list has changed and has fewer rows by now.
   */
  async readIds(start: number, end: number): Promise<readonly string[]> {
    const { signal } = this.#stop;
    const at = Math.floor(start / this.#blockRows);
    if (this.#findCursor(at) === undefined) {
      await this.#readAnchors(this.#state.total ?? 0);
    }
    let after = this.#findCursor(at);
    const skipped = start - at * this.#blockRows;
    const wanted = skipped + end - start + 1;
    const ids: string[] = [];
    while (ids.length < wanted && after !== undefined) {
      const first = Math.min(MOST_READ, wanted - ids.length);
      const page = await this.#source.query({ first, after }, signal);
      ids.push(...page.representations.map((row) => row.representationId));
      const { hasNextPage, endCursor } = page.pageInfo;
      after = hasNextPage ? (endCursor ?? undefined) : undefined;
    }
    if (ids.length < wanted) throw new Error("the list has changed; try again");
    return ids.slice(skipped);
  }

  /** Ids of the rows that are held, in the order of the list. */
  listLoadedIds(): readonly string[] {
    return [...this.#blocks.keys()]
      .sort((a, b) => a - b)
      .flatMap((at) => this.#blocks.get(at)?.rows ?? [])
      .map((row) => row.representationId);
  }

  findIndex(id: string): number {
    for (const [at, { rows }] of this.#blocks) {
      const index = rows.findIndex((row) => row.representationId === id);
      if (index >= 0) return at * this.#blockRows + index;
    }
    return -1;
  }

  /** The cursors around what is in sight; null where the list begins or ends. */
  getSeenBounds(): { after: string | null; before: string | null } {
    const seen = this.#listSeenBlocks();
    const last = seen.at(-1) ?? 0;
    const isEnd = (last + 1) * this.#blockRows >= (this.#state.total ?? 0);
    const isHeld = isEnd && this.#isWhole(last);
    return {
      after: this.#findCursor(seen[0] ?? 0) ?? null,
      before: isHeld ? null : (this.#blocks.get(last)?.endCursor ?? null),
    };
  }

  /** What is out of sight may have other rows now: it is read again when needed. */
  forgetUnseen(): void {
    const seen = this.#listSeenBlocks();
    for (const at of this.#blocks.keys()) {
      if (!seen.includes(at)) this.#blocks.delete(at);
    }
  }

  /** New states of rows that are held. */
  putRows(rows: readonly RepresentationRow[]): void {
    const byId = new Map(rows.map((row) => [row.representationId, row]));
    for (const [at, block] of this.#blocks) {
      if (!block.rows.some((row) => byId.has(row.representationId))) continue;
      const changed = block.rows.map((row) => byId.get(row.representationId) ?? row);
      this.#blocks.set(at, { ...block, rows: changed });
    }
    this.#set({ version: this.#state.version + 1 });
  }

  /** These rows are in sight: what is missing of them is read, then what is near. */
  show(start: number, end: number): void {
    this.#seen = [start, end];
    const { total } = this.#state;
    if (total === null || this.#state.error !== null) return;
    const seen = this.#listSeenBlocks();
    const near = this.#listSeenBlocks(AHEAD_ROWS);
    for (const [at, controller] of this.#reading) {
      if (!near.includes(at)) controller.abort();
    }
    const missing = seen.filter((at) => !this.#isWhole(at));
    const wanted = missing.length > 0 ? missing : near;
    for (const at of wanted) if (!this.#isWhole(at)) void this.#readBlock(at);
    this.#forget(near);
  }

  /** Tries again what failed. */
  async retry(): Promise<void> {
    this.#set({ error: null });
    if (this.#state.total === null) await this.reload();
    else this.show(...this.#seen);
  }

  /** The list may have other rows now: its beginning and what is in sight are read. */
  async reload(): Promise<void> {
    const { signal } = this.#stop;
    this.#set({ isReading: true });
    try {
      const page = await this.#source.query({ first: FIRST_ROWS, after: null }, signal);
      const first: Block = {
        rows: page.representations,
        endCursor: page.pageInfo.endCursor,
      };
      const isFirst = this.#state.total === null;
      if (isFirst) this.#put(new Map([[0, first]]), first.rows.length, null);
      const totals = page.pageInfo.hasNextPage
        ? await this.#count(signal)
        : sumRows(first.rows);
      this.#blockRows = Math.max(BLOCK_ROWS, Math.ceil(totals.rows / MOST_ANCHORS));
      this.#anchors = [];
      this.#anchorsAsked = null;
      const seen = this.#listSeenBlocks().filter((at) => at > 0);
      if (seen.length > 0) await this.#readAnchors(totals.rows);
      const blocks = new Map([[0, isFirst ? (this.#blocks.get(0) ?? first) : first]]);
      for (const at of seen) {
        if (at * this.#blockRows >= totals.rows) continue;
        const block = await this.#queryBlock(at, signal);
        if (block !== null) blocks.set(at, block);
      }
      this.#put(blocks, totals.rows, totals);
      this.#set({ isReading: false });
      this.show(...this.#seen);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  #put(
    blocks: Map<number, Block>,
    total: number,
    totals: ListTotals | null,
  ): void {
    this.#blocks = blocks;
    this.#set({ total, totals, error: null, version: this.#state.version + 1 });
  }

  async #count(signal: AbortSignal): Promise<ListTotals> {
    const page = await this.#source.query({ first: 1, withTotal: true }, signal);
    const rows = page.total ?? page.representations.length;
    return { rows, files: page.totalFiles, bytes: page.totalBytes };
  }

  /** Blocks of the rows in sight, and of so many more on both sides. */
  #listSeenBlocks(margin = 0): readonly number[] {
    const [start, end] = this.#seen;
    const last = Math.max(0, (this.#state.total ?? FIRST_ROWS) - 1);
    const from = Math.floor(Math.min(Math.max(0, start - margin), last) / this.#blockRows);
    const to = Math.floor(Math.min(end + margin, last) / this.#blockRows);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  }

  #isWhole(at: number): boolean {
    const total = this.#state.total ?? 0;
    const wanted = Math.min(this.#blockRows, total - at * this.#blockRows);
    return (this.#blocks.get(at)?.rows.length ?? 0) >= wanted;
  }

  /** The beginning is whole for its first screen: no more is read until needed. */
  async #readBlock(at: number): Promise<void> {
    if (this.#reading.has(at) || this.#state.totals === null) return;
    if (at === 0 && this.#seen[1] < FIRST_ROWS - 40 && this.#blocks.has(0)) return;
    const controller = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, controller.signal]);
    this.#reading.set(at, controller);
    this.#set({ isReading: true });
    try {
      const held = this.#blocks.get(at);
      const block =
        held === undefined
          ? await this.#queryBlock(at, signal)
          : await this.#queryRest(at, held, signal);
      if (block !== null && !signal.aborted) {
        this.#blocks.set(at, block);
        this.#set({ version: this.#state.version + 1 });
      }
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    } finally {
      if (this.#reading.get(at) === controller) this.#reading.delete(at);
      this.#set({ isReading: this.#reading.size > 0 });
    }
  }

  async #queryBlock(at: number, signal: AbortSignal): Promise<Block | null> {
    let after = this.#findCursor(at);
    if (after === undefined) {
      await this.#readAnchors(this.#state.total ?? 0);
      after = this.#findCursor(at);
    }
    if (after === undefined) return null;
    const page = await this.#source.query(
      { first: this.#blockRows, after },
      signal,
    );
    return { rows: page.representations, endCursor: page.pageInfo.endCursor };
  }

  /** What is missing at the end of a block; null if the block is another by now. */
  async #queryRest(at: number, held: Block, signal: AbortSignal): Promise<Block | null> {
    const page = await this.#source.query(
      { first: this.#blockRows - held.rows.length, after: held.endCursor },
      signal,
    );
    const now = this.#blocks.get(at);
    if (now?.endCursor !== held.endCursor) return null;
    return {
      rows: [...now.rows, ...page.representations],
      endCursor: page.pageInfo.endCursor ?? held.endCursor,
    };
  }

  /** Where the block starts; undefined while that is not known. */
  #findCursor(at: number): string | null | undefined {
    if (at === 0) return null;
    const before = this.#blocks.get(at - 1);
    if (before?.rows.length === this.#blockRows) {
      return before.endCursor ?? undefined;
    }
    return this.#anchors[at - 1];
  }

  async #readAnchors(total: number): Promise<void> {
    if (total <= this.#blockRows) return;
    this.#anchorsAsked ??= this.#source
      .queryAnchors(this.#blockRows, MOST_ANCHORS, this.#stop.signal)
      .then(({ anchors }) => {
        this.#anchors = anchors;
      })
      .catch((error: unknown) => {
        this.#anchorsAsked = null;
        throw error;
      });
    await this.#anchorsAsked;
  }

  #forget(wanted: readonly number[]): void {
    for (const at of this.#blocks.keys()) {
      if (this.#blocks.size <= MOST_KEPT) return;
      if (at > 0 && !wanted.includes(at)) this.#blocks.delete(at);
    }
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    this.#set({ error: reason, isReading: false });
  }

  #set(part: Partial<BlocksState>): void {
    const next = { ...this.#state, ...part };
    const isSame = (Object.keys(part) as (keyof BlocksState)[]).every(
      (key) => this.#state[key] === next[key],
    );
    if (isSame) return;
    this.#state = next;
    for (const listener of this.#listeners) listener();
  }
}

function sumRows(rows: readonly RepresentationRow[]): ListTotals {
  return {
    rows: rows.length,
    files: rows.reduce((sum, row) => sum + row.fileCount, 0),
    bytes: rows.reduce((sum, row) => sum + row.size, 0),
  };
}
