/** What of a sandbox's connections is held here; it closes together with the sandbox. */
export interface Outlet {
  close(): void;
}

/** At once, from one sandbox. */
export const mostConnections = 256;
