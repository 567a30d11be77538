import type { Watch, Watching, WatchWish } from "../ports/watch.ts";

/**
 * Watches through revisions: whoever watched one that ends goes over to the next, and is told that its
 * lists may have changed, since what changed in between went past.
 */
export function createLiveWatch(current: () => Watch): Watch {
  return {
    async open(wish) {
      let isClosed = false;
      let watching: Watching = await begin();
      return {
        granted: watching.granted,
        close: () => {
          isClosed = true;
          watching.close();
        },
      };

      function begin(held: readonly string[] = []): Promise<Watching> {
        return current().open({ ...wish, held, onEnd: () => void goOver() });
      }
      async function goOver(): Promise<void> {
        if (isClosed) return;
        try {
          watching = await begin(watching.granted.updated);
        } catch {
          // The toolset is gone, or the server stops: whoever listens is told, and asks anew.
          wish.onEnd();
          return;
        }
        if (isClosed) watching.close();
        else tellChanged(wish, watching);
      }
    },
  };
}

function tellChanged({ onNotification }: WatchWish, { granted }: Watching): void {
  for (const list of ["tools", "prompts", "resources"] as const) {
    if (granted[list]) onNotification({ method: `notifications/${list}/list_changed`, params: {} });
  }
}
