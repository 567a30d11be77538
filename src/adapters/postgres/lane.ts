import type pg from "pg";

/** One connection of the writer, made when it is needed and again after it broke. */
export interface Lane {
  connected(): Promise<pg.Client>;
  /** Gives the connection up, whatever it is doing. */
  drop(): void;
}

export function createLane(open: () => Promise<pg.Client>): Lane {
  let client: pg.Client | null = null;
  return {
    async connected() {
      client ??= await open();
      return client;
    },
    drop() {
      // With a statement under way this destroys the socket; the other end may still finish it.
      void client?.end().catch(() => {});
      client = null;
    },
  };
}
