export const ROW_HEIGHT = 28;
export const HEADER_HEIGHT = 32;
/** Browsers cut off what is much higher; see `RowScroll`. */
const MOST_HEIGHT = 15_000_000;
/** Rows drawn beyond both edges. */
export const OVERSCAN = 6;

export type RowWindow = {
  /** Rows in sight: first and last. */
  start: number;
  end: number;
  /** Rows to draw: first and last. */
  from: number;
  to: number;
  /** Pixels to add to a row's place in the list to get its place in the body. */
  shift: number;
  bodyHeight: number;
};

/**
 * Which rows are in sight. A list higher than a browser can lay out gets a body
 * of the height that it can: small moves of the scroller then move the list by
 * as much, large ones (the thumb is dragged) to the same share of the list.
 */
export class RowScroll {
  /** Pixels above the sight, of the list as it would be. */
  #top = 0;
  #scrollTop = 0;
  #count = 0;
  #viewHeight = 0;

  resize(count: number, viewHeight: number): void {
    this.#count = count;
    this.#viewHeight = viewHeight;
    this.#top = Math.min(this.#top, this.#mostTop);
  }

  onScroll(scrollTop: number): void {
    const moved = scrollTop - this.#scrollTop;
    this.#scrollTop = scrollTop;
    if (this.#listHeight <= MOST_HEIGHT) this.#top = scrollTop;
    else if (scrollTop <= 0) this.#top = 0;
    else if (scrollTop >= this.#mostScroll - 1) this.#top = this.#mostTop;
    else if (Math.abs(moved) <= 2 * this.#viewHeight) this.#top += moved;
    else this.#top = (scrollTop / this.#mostScroll) * this.#mostTop;
    this.#top = Math.max(0, Math.min(this.#top, this.#mostTop));
  }

  /** Where the scroller has to be so that the row is in sight. */
  reveal(index: number): number {
    const rowTop = index * ROW_HEIGHT;
    const rowsHeight = this.#viewHeight - HEADER_HEIGHT;
    const lowest = rowTop + ROW_HEIGHT - rowsHeight;
    if (rowTop < this.#top) this.#moveTo(rowTop);
    else if (lowest > this.#top) this.#moveTo(lowest);
    return this.#scrollTop;
  }

  getWindow(): RowWindow {
    const last = Math.max(0, this.#count - 1);
    const start = Math.min(last, Math.floor(this.#top / ROW_HEIGHT));
    const rows = Math.ceil((this.#viewHeight - HEADER_HEIGHT) / ROW_HEIGHT);
    const end = Math.min(last, start + Math.max(1, rows));
    return {
      start,
      end,
      from: Math.max(0, start - OVERSCAN),
      to: Math.min(last, end + OVERSCAN),
      shift: Math.round(this.#scrollTop - this.#top),
      bodyHeight: Math.min(this.#listHeight, MOST_HEIGHT) - HEADER_HEIGHT,
    };
  }

  #moveTo(top: number): void {
    this.#top = Math.max(0, Math.min(top, this.#mostTop));
    this.#scrollTop =
      this.#listHeight <= MOST_HEIGHT
        ? this.#top
        : Math.round((this.#top / this.#mostTop) * this.#mostScroll);
  }

  get #listHeight(): number {
    return this.#count * ROW_HEIGHT + HEADER_HEIGHT;
  }

  get #mostTop(): number {
    return Math.max(0, this.#listHeight - this.#viewHeight);
  }

  get #mostScroll(): number {
    return Math.max(0, Math.min(this.#listHeight, MOST_HEIGHT) - this.#viewHeight);
  }
}
