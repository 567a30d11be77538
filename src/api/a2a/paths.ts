/** What stands at one of our paths of Agent2Agent. */
export type A2aPlace =
  /** Public keys of cards. */
  | { readonly kind: "keys" }
  /** Where clients look that know no more than our name. */
  | { readonly kind: "root card" }
  | { readonly kind: "card"; readonly agent: string }
  | { readonly kind: "calls"; readonly agent: string };

const cardPath = "/.well-known/agent-card.json";
/** No agent is called so: names have no dot. */
export const cardKeysPath = "/a2a/jwks.json";
const shape = /^\/a2a\/([a-z0-9]+(?:[-_][a-z0-9]+)*)(\/\.well-known\/agent-card\.json)?$/;

export function toAgentPath(agent: string): string {
  return `/a2a/${agent}`;
}

export function parseA2aPath(path: string): A2aPlace | null {
  if (path === cardPath) return { kind: "root card" };
  // Asked of every request: most go somewhere else.
  if (!path.startsWith("/a2a/")) return null;
  if (path === cardKeysPath) return { kind: "keys" };
  const [, agent, card] = shape.exec(path) ?? [];
  if (agent === undefined) return null;
  return card === undefined ? { kind: "calls", agent } : { kind: "card", agent };
}

/** What is calls, or would be if it were well formed. */
export function isA2aCall(path: string): boolean {
  return path.startsWith("/a2a/") && !isA2aDocument(path);
}

/** Public keys, and cards where the configuration makes them public. */
export function isA2aDocument(path: string): boolean {
  const place = parseA2aPath(path);
  return place !== null && place.kind !== "calls";
}
