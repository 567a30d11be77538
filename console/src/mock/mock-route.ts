/** One answer of the page's own, in the place of the server's. */
export interface MockRoute {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** As in the contract: `/v1/runs/{id}`. */
  readonly path: string;
  readonly answer: (asked: MockAsked) => MockAnswer;
}

export interface MockAsked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed, where it is JSON; else the text. */
  readonly body: unknown;
}

export interface MockAnswer {
  readonly status?: number;
  readonly body: unknown;
}

export interface MockMatch {
  readonly route: MockRoute;
  readonly params: Readonly<Record<string, string>>;
}

export function findRoute(
  routes: readonly MockRoute[],
  method: string,
  path: string,
): MockMatch | null {
  for (const route of routes) {
    if (route.method !== method) continue;
    const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
    const shape = new RegExp(
      `^${route.path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "([^/]+)")}$`,
    );
    const found = shape.exec(path);
    if (found === null) continue;
    const params = names.map((name, index) => [name, decodeURIComponent(found[index + 1]!)]);
    return { route, params: Object.fromEntries(params) as Record<string, string> };
  }
  return null;
}
