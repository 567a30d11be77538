import { expect, test } from "vitest";
import { findRoute } from "./mock-route.ts";
import { mockRoutes } from "./mock-routes.ts";
import type { Route } from "../../../src/api/contract.ts";
import { routes } from "../../../src/api/routes.ts";

const contract: Readonly<Record<string, Route>> = routes;

type Body = Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;

/** What the mock says at a path, as its list of routes says it. */
function ask(path: string): unknown {
  const url = new URL(path, "http://localhost");
  const found = findRoute(mockRoutes, "GET", url.pathname);
  if (found === null) throw new Error(`the mock has no GET ${url.pathname}`);
  const query = Object.fromEntries(url.searchParams);
  const { status = 200, body } = found.route.answer({ params: found.params, query, body: null });
  expect([path, status]).toEqual([path, 200]);
  return body;
}

function listOf(path: string, list: string, field: string): readonly string[] {
  return ((ask(path) as Body)[list] ?? []).map((each) => each[field]!);
}

/** Values for the names in a path: from the list that leads there. */
const known: Readonly<Record<string, () => readonly string[]>> = {
  "/v1/approvals/{id}": () => listOf("/v1/approvals", "approvals", "id"),
  // One that is queued has been asked nothing yet.
  "/v1/runs/{id}/context": () => listOf("/v1/runs?state=completed", "runs", "id"),
  "/v1/runs/{id}": () => listOf("/v1/runs", "runs", "id"),
  "/v1/receipts/{id}": () => listOf("/v1/receipts", "receipts", "id"),
  "/v1/servers/{name}": () => listOf("/v1/servers", "servers", "name"),
  "/v1/tools/{name}": () => listOf("/v1/tools", "tools", "name"),
};

/** Paths of the contract with values in the place of names; none where no list leads there. */
function fill(path: string): readonly string[] {
  if (!path.includes("{")) return [path];
  const root = Object.keys(known).find((start) => path === start || path.startsWith(`${start}/`));
  if (root === undefined || path.slice(root.length).includes("{")) return [];
  const ids = known[root]!();
  expect(ids.length, root).toBeGreaterThan(0);
  return ids.slice(0, 8).map((id) => root.replace(/\{\w+\}/, id) + path.slice(root.length));
}

const answered = mockRoutes.filter(({ method }) => method === "GET").map(({ path }) => path);

test.each([...new Set(answered)])("what the mock says at %s is what the server says", (path) => {
  const route = Object.values(contract).find((each) => each.method === "GET" && each.path === path);
  expect(route, "a route of the contract").toBeDefined();
  const shape = route!.answers[200]!;
  for (const asked of fill(path)) {
    const parsed = shape.schema.safeParse(ask(asked));
    expect([asked, parsed.success ? [] : parsed.error.issues]).toEqual([asked, []]);
  }
});

test("what the mock changes is in the contract, too", () => {
  for (const { method, path } of mockRoutes)
    expect(
      Object.values(contract).some((each) => each.method === method && each.path === path),
      `${method} ${path}`,
    ).toBe(true);
});
