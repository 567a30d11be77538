export interface LineLogOptions {
  /** Takes whole lines, each with its line break. */
  readonly write: (text: string) => void;
  /** Whoever reads does not keep up. */
  readonly isFull: () => boolean;
  readonly sleep: (delayMs: number) => Promise<void>;
  /** So many lines that could wait were not written. */
  readonly onDropped: (lines: number) => void;
}

/** Where lines of the log go, in the order in which they came. */
export interface LineLog {
  readonly now: (line: string) => void;
  /** Of which there are many: written with others, a moment later. */
  readonly later: (line: string) => void;
  /** Writes what waits. */
  readonly flush: () => void;
  /** Is given each line, too. Null: nobody is. */
  readonly tap: (listener: LineListener | null) => void;
}

/** `canWait`: it is one of many that are alike. */
export type LineListener = (line: string, canWait: boolean) => void;

/** As long as entries of reads wait to be durable, and a little more: who looks on sees them at once. */
const flushEveryMs = 50;
/** What a pipe holds by default on Linux: more at once is not faster. */
const mostWaiting = 64 * 1024;

export function createLineLog({ write, isFull, sleep, onDropped }: LineLogOptions): LineLog {
  let waiting = "";
  let lines = 0;
  let isDue = false;
  let listener: LineListener | null = null;

  function flush(): void {
    isDue = false;
    if (lines === 0) return;
    const [text, count] = [waiting, lines];
    waiting = "";
    lines = 0;
    if (isFull()) onDropped(count);
    else write(text);
  }

  return {
    flush,
    now(line) {
      flush();
      write(`${line}\n`);
      listener?.(line, false);
    },
    later(line) {
      waiting += `${line}\n`;
      lines += 1;
      listener?.(line, true);
      if (waiting.length >= mostWaiting) return flush();
      if (isDue) return;
      isDue = true;
      sleep(flushEveryMs).then(flush, () => undefined);
    },
    tap: (given) => void (listener = given),
  };
}
