import { useEffect, useRef } from "react";

export interface Hotkey {
  /** As `KeyboardEvent.key` has it; `mod+k` for Control or Command with it; `g r` for one after the other. */
  readonly keys: string;
  readonly title: string;
  readonly run: () => void;
  /** As long as it is held, again and again: for moving alone. */
  readonly repeats?: true;
}

/** The first key of two is remembered for this long. */
const pairMs = 1_000;

interface Press {
  readonly key: string;
  readonly atMs: number;
}

/** What a key means after the one before it. Whoever has begun a pair means no single key. */
export function findHotkey(
  hotkeys: readonly Hotkey[],
  first: Press | null,
  { key, atMs }: Press,
): Hotkey | null {
  const begun =
    first !== null &&
    atMs - first.atMs < pairMs &&
    hotkeys.some(({ keys }) => keys.startsWith(`${first.key} `));
  const asked = begun ? `${first.key} ${key}` : key;
  return hotkeys.find(({ keys }) => keys === asked) ?? null;
}

/** Of all that is on the screen, the innermost first. */
const shown = new Set<{ readonly current: readonly Hotkey[] }>();
let first: Press | null = null;

function listen(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  // A letter with Shift is another one, whatever Caps Lock makes of it.
  if (event.shiftKey && /^[a-z]$/.test(event.key)) return;
  const isMod = event.ctrlKey || event.metaKey;
  if (!isMod && isTaken(event.target)) return;
  const press = {
    key: isMod ? `mod+${event.key.toLowerCase()}` : event.key,
    atMs: event.timeStamp,
  };
  const found = findHotkey(
    [...shown].flatMap(({ current }) => current),
    first,
    press,
  );
  // A key that is held says nothing again, where each time would be a word of its own.
  if (event.repeat && found?.repeats !== true) return;
  first = found === null && !isMod ? press : null;
  if (found === null) return;
  event.preventDefault();
  found.run();
}

/** Keys of what is on the screen. Whoever types into a field means letters, and an open dialog has its own. */
export function useHotkeys(hotkeys: readonly Hotkey[]): void {
  const current = useRef(hotkeys);
  current.current = hotkeys;
  useEffect(() => {
    shown.add(current);
    document.addEventListener("keydown", listen);
    return () => {
      shown.delete(current);
      if (shown.size === 0) document.removeEventListener("keydown", listen);
    };
  }, []);
}

function isTaken(target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open]") !== null) return true;
  const fields = "input:not([type=checkbox], [type=radio]), textarea, select";
  return target instanceof HTMLElement && target.closest(fields) !== null;
}
