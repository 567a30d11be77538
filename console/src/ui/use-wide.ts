import { useSyncExternalStore } from "react";

/** As `lg:` has it: the list and what is read stand side by side. */
const wide = matchMedia("(min-width: 64rem)");

export function useWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      wide.addEventListener("change", listener);
      return () => wide.removeEventListener("change", listener);
    },
    () => wide.matches,
  );
}
