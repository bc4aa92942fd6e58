import type { StateChange } from "../../api/event-map";
import type { RepresentationRow } from "../../api/types";
import { Coalescer } from "../../lib/coalesce";

/** The list as the live update sees it. */
export type LiveList = {
  /** Ids of all rows that were loaded, in order. */
  getLoadedIds: () => readonly string[];
  /** False while nobody can see the page: what changes is remembered. */
  isWatched: () => boolean;
  /** Asks for these rows as the list would show them; some may be gone. */
  fetchRows: (ids: readonly string[]) => Promise<readonly RepresentationRow[]>;
  /** Does any of these, not loaded so far, belong among the loaded rows? */
  hasNewRows: (ids: readonly string[]) => Promise<boolean>;
  putRows: (rows: readonly RepresentationRow[]) => void;
  /** True while pages are being read: their answer replaces what `putRows` put. */
  isLoading: () => boolean;
  /** Reads all loaded pages again. */
  reload: () => Promise<void>;
};

/** Events come up to four times a second; one request answers what gathers. */
const GATHER_MS = 250;
/** Rows that came or went need the whole list: not more often than this. */
const RELOAD_EVERY_MS = 5000;
const MOST_REMEMBERED = 50_000;
/** The most ids the server takes in one query. */
const MOST_IDS = 1000;

/**
 * Turns hints that something changed into the fewest reads that keep the
 * screen true: only rows on the screen are read again, by their ids. Loaded
 * rows out of sight are remembered and read when they come into sight.
 */
export class LiveRows {
  readonly #list: LiveList;
  readonly #refreshing: Coalescer;
  readonly #reloading: Coalescer;
  /** As events named them; sorted out once for all that gathered. */
  readonly #hinted = new Set<string>();
  #isAllHinted = false;
  readonly #changed = new Set<string>();
  readonly #unknown = new Set<string>();
  /** Asked about already: they lie beyond the loaded rows, or out of the filter. */
  readonly #elsewhere = new Set<string>();
  /** Put while pages were being read, so perhaps replaced by older states. */
  readonly #overtaken = new Set<string>();
  #visible: readonly string[] = [];
  #isReloadDue = false;

  constructor(list: LiveList) {
    this.#list = list;
    this.#refreshing = new Coalescer(() => this.#refresh(), GATHER_MS);
    this.#reloading = new Coalescer(() => this.#reload(), GATHER_MS, RELOAD_EVERY_MS);
  }

  start(): void {
    this.#refreshing.start();
    this.#reloading.start();
  }

  stop(): void {
    this.#refreshing.stop();
    this.#reloading.stop();
  }

  onStateChange(change: StateChange): void {
    for (const id of change.representationIds) this.#hinted.add(id);
    if (change.overflow) this.#isAllHinted = true;
    this.#refreshing.request();
    // After the screen: a reload of many pages takes its time.
    if (change.overflow) this.#reloading.request();
  }

  /** Events may have been missed: everything may have changed, rows come and gone. */
  onResync(): void {
    this.onStateChange({ representationIds: [], siteNames: [], overflow: true });
  }

  /** These rows are on the screen now. */
  onVisibleChange(ids: readonly string[]): void {
    this.#visible = ids;
    this.catchUp();
  }

  /** Reads what was put off, as when the page is looked at again. */
  catchUp(): void {
    this.#sortHints();
    if (this.#changed.size > 0 || this.#unknown.size > 0) this.#refreshing.request();
    if (this.#isReloadDue) this.#reloading.request();
  }

  /** Pages were read; the rows in them may be older than what was put before. */
  onPagesLoaded(): void {
    for (const id of this.#overtaken) this.#changed.add(id);
    this.#overtaken.clear();
    this.catchUp();
  }

  #sortHints(): void {
    if (this.#hinted.size === 0 && !this.#isAllHinted) return;
    const loaded = new Set(this.#list.getLoadedIds());
    for (const id of this.#hinted) {
      if (loaded.has(id)) this.#changed.add(id);
      else if (!this.#elsewhere.has(id)) this.#unknown.add(id);
    }
    if (this.#isAllHinted) for (const id of loaded) this.#changed.add(id);
    this.#hinted.clear();
    this.#isAllHinted = false;
    if (this.#unknown.size <= MOST_REMEMBERED) return;
    // Too many to ask about one by one: what is loaded is read again instead.
    this.#unknown.clear();
    this.#reloading.request();
  }

  /** A failed read leaves its ids marked; the next hint or scroll tries again. */
  async #refresh(): Promise<void> {
    this.#sortHints();
    if (!this.#list.isWatched()) return;
    const visible = this.#visible.filter((id) => this.#changed.has(id));
    const unknown = [...this.#unknown];
    const outcomes = await Promise.allSettled([
      this.#refreshRows(visible.slice(0, MOST_IDS)),
      this.#lookForNewRows(unknown.slice(0, MOST_IDS)),
    ]);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") console.warn(outcome.reason);
    }
  }

  async #refreshRows(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    for (const id of ids) this.#changed.delete(id);
    try {
      const rows = await this.#list.fetchRows(ids);
      this.#list.putRows(rows);
      if (this.#list.isLoading()) for (const id of ids) this.#overtaken.add(id);
      if (rows.length < ids.length) this.#reloading.request();
    } catch (error) {
      for (const id of ids) this.#changed.add(id);
      throw error;
    }
  }

  async #lookForNewRows(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const hasNew = await this.#list.hasNewRows(ids);
    if (this.#elsewhere.size > MOST_REMEMBERED) this.#elsewhere.clear();
    for (const id of ids) {
      this.#unknown.delete(id);
      this.#elsewhere.add(id);
    }
    if (hasNew) this.#reloading.request();
  }

  async #reload(): Promise<void> {
    this.#isReloadDue = !this.#list.isWatched();
    if (this.#isReloadDue) return;
    this.#sortHints();
    this.#changed.clear();
    await this.#list.reload();
  }
}
