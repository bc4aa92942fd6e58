/**
 * Runs `work` once for many calls: `delayMs` after the first call, not within
 * `gapMs` of the last run, never two at a time, and once more when calls came
 * in meanwhile. A slow server is thus asked less often, not more.
 * `work` handles its own errors.
 */
export class Coalescer {
  readonly #work: () => Promise<void>;
  readonly #delayMs: number;
  readonly #gapMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastRun = -Infinity;
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
    const gapLeft = this.#lastRun + this.#gapMs - Date.now();
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
    try {
      await this.#work();
    } finally {
      this.#isRunning = false;
      this.#lastRun = Date.now();
    }
    if (this.#hasNewCalls()) this.request();
  }

  #hasNewCalls(): boolean {
    return this.#isWanted;
  }
}
