import { expect, test } from "vitest";
import { afterDigest, beforeDigest } from "./bundle-book.ts";
import { findRoute } from "./mock-route.ts";
import { mockRoutes } from "./mock-routes.ts";
import { refuse } from "./refuse.ts";
import type { Route } from "../../../src/api/contract.ts";
import { routes } from "../../../src/api/routes.ts";
import { schemas } from "../../../src/api/schemas.ts";

const contract: Readonly<Record<string, Route>> = routes;

type Body = Readonly<Record<string, readonly Readonly<Record<string, string | null>>[]>>;
type Params = Readonly<Record<string, string>>;

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

/** As many as are looked at of each list. */
const mostAsked = 8;

function listOf(path: string, list: string, field: string): readonly string[] {
  const rows = (ask(path) as Body)[list] ?? [];
  return rows.flatMap((each) => each[field] ?? []).slice(0, mostAsked);
}

/** The texts that the log of a run names. */
function listContents(): readonly Params[] {
  return listOf("/v1/runs", "runs", "id").flatMap((id) => {
    const { events } = ask(`/v1/runs/${id}/events`) as {
      readonly events: readonly { readonly event: Params }[];
    };
    const named = events.flatMap(({ event }) => [event["input"], event["response"]]);
    return named.flatMap((digest) => (digest === undefined ? [] : [{ id, digest }]));
  });
}

const named = (name: string, values: readonly string[]): readonly Params[] =>
  values.map((value) => ({ [name]: value }));

/** Values for the names in a path: from the list that leads there. */
const known: Readonly<Record<string, () => readonly Params[]>> = {
  "/v1/approvals/{id}": () => named("id", listOf("/v1/approvals", "approvals", "id")),
  "/v1/bundles/{digest}": () => named("digest", listOf("/v1/bundles", "bundles", "digest")),
  "/v1/bundles/{from}/diff/{to}": () => [
    { from: beforeDigest, to: afterDigest },
    { from: afterDigest, to: afterDigest },
  ],
  // One that is queued has been asked nothing yet.
  "/v1/runs/{id}/context": () => named("id", listOf("/v1/runs?state=completed", "runs", "id")),
  "/v1/runs/{id}/contents/{digest}": listContents,
  "/v1/runs/{id}": () => named("id", listOf("/v1/runs", "runs", "id")),
  "/v1/receipts/{id}": () => named("id", listOf("/v1/receipts", "receipts", "id")),
  "/v1/servers/{name}": () => named("name", listOf("/v1/servers", "servers", "name")),
  "/v1/tools/{name}": () => named("name", listOf("/v1/tools", "tools", "name")),
};

/** Paths of the contract with values in the place of names. */
function fill(path: string): readonly string[] {
  if (!path.includes("{")) return [path];
  const root = Object.keys(known).find((start) => path === start || path.startsWith(`${start}/`));
  if (root === undefined) throw new Error(`no list leads to ${path}`);
  const filled = known[root]!().map((params) =>
    path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      if (params[name] === undefined) throw new Error(`no list says the ${name} of ${path}`);
      return params[name];
    }),
  );
  expect(filled.length, path).toBeGreaterThan(0);
  return filled;
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

test("no mock stands behind another one of the same path, where nobody would ever ask it", () => {
  const places = mockRoutes.map(({ method, path }) => `${method} ${path}`);
  expect(places.filter((place, at) => places.indexOf(place) !== at)).toEqual([]);
});

test("a path that no list leads to, or not all the way, fails", () => {
  expect(() => fill("/v1/unknown/{id}")).toThrow("no list leads to");
  expect(() => fill("/v1/tools/{name}/of/{other}")).toThrow("no list says the other");
});

test("what the mock refuses with is what the server refuses with", () => {
  const { status, body } = refuse("not_found", "There is no such run.");
  expect(status).toBe(404);
  expect(schemas.Refusal.safeParse(body).error?.issues ?? []).toEqual([]);
});
