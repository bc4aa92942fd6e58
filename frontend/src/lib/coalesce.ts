/** With a gap, work takes a tenth of the time at most. */
const REST_FACTOR = 9;

/**
 * Runs `work` once for many calls: `delayMs` after the first call, never two at
 * a time, and once more when calls came in meanwhile. With `gapMs` there is at
 * least that gap after each run, and a longer one after a run that took long:
 * a slow server is asked less often, not more. `work` handles its own errors.
 */
export class Coalescer {
  readonly #work: () => Promise<void>;
  readonly #delayMs: number;
  readonly #gapMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Not to run before; in milliseconds of the clock. */
  #notBefore = -Infinity;
  #isRunning = false;
  #isWanted = false;
  #isStopped = true;

  constructor(work: () => Promise<void>, delayMs: number, gapMs = 0) {
    this.#work = work;
    this.#delayMs = delayMs;
    this.#gapMs = gapMs;
  }

  start(): void {
    this.#isStopped = false;
  }

  /** Takes effect at once; work that is under way is not followed by more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  request(): void {
    if (this.#isStopped) return;
    this.#isWanted = true;
    if (this.#isRunning || this.#timer !== undefined) return;
    const gapLeft = this.#notBefore - Date.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#run();
      },
      Math.max(this.#delayMs, gapLeft),
    );
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    this.#isWanted = false;
    const startedAt = Date.now();
    try {
      await this.#work();
    } finally {
      this.#isRunning = false;
      const now = Date.now();
      const rest = this.#gapMs > 0 ? (now - startedAt) * REST_FACTOR : 0;
      this.#notBefore = now + Math.max(this.#gapMs, rest);
    }
    if (this.#hasNewCalls()) this.request();
  }

  #hasNewCalls(): boolean {
    return this.#isWanted;
  }
}
