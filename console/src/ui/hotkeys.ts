import { useEffect, useRef } from "react";

export interface Hotkey {
  /** As `KeyboardEvent.key` has it; `mod+k` for Control or Command with it; `g r` for one after the other. */
  readonly keys: string;
  readonly title: string;
  readonly run: () => void;
}

/** The first key of two is remembered for this long. */
const pairMs = 1_000;

/** Keys of what is on the screen. Whoever types into a field means letters, and an open dialog has its own. */
export function useHotkeys(hotkeys: readonly Hotkey[]): void {
  const current = useRef(hotkeys);
  current.current = hotkeys;
  useEffect(() => {
    let first: { readonly key: string; readonly atMs: number } | null = null;
    const listen = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.altKey || event.isComposing) return;
      const isMod = event.ctrlKey || event.metaKey;
      if (!isMod && isTaken(event.target)) return;
      const key = isMod ? `mod+${event.key.toLowerCase()}` : event.key;
      const pair =
        first !== null && event.timeStamp - first.atMs < pairMs ? `${first.key} ${key}` : null;
      const found = current.current.find(({ keys }) => keys === pair || keys === key);
      first = found === undefined && !isMod ? { key, atMs: event.timeStamp } : null;
      if (found === undefined) return;
      event.preventDefault();
      found.run();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}

function isTaken(target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open]") !== null) return true;
  const fields = "input:not([type=checkbox], [type=radio]), textarea, select";
  return target instanceof HTMLElement && target.closest(fields) !== null;
}
