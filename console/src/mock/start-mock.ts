import { faults, type FaultCode } from "../../../src/model/faults.ts";
import { findRoute, type MockAnswer, type MockAsked } from "./mock-route.ts";
import { mockRoutes } from "./mock-routes.ts";
import { refuse } from "./refuse.ts";

/**
 * Answers in the place of the server, for work on the page. `?fault=store_unavailable` in the address
 * of the page makes each answer that fault; the key `wrong` is not accepted.
 */
export function startMock(): void {
  globalThis.fetch = async (target, init = {}) => {
    const url = new URL(target instanceof Request ? target.url : target);
    const method = init.method ?? "GET";
    const forced = new URLSearchParams(location.search).get("fault");
    if (url.pathname !== "/v1/holder" && forced !== null && Object.hasOwn(faults, forced))
      return respond(refuse(forced as FaultCode, "A fault that the address asked for."));
    if (new Headers(init.headers).get("authorization") === "Bearer wrong")
      return respond(refuse("unauthenticated", "This key is not known."));
    if (new Headers(init.headers).get("accept") === "text/event-stream")
      return waitForNothing(init.signal ?? null);
    const found = findRoute(mockRoutes, method, url.pathname);
    if (found === null)
      return respond(refuse("not_found", `The mock has no ${method} ${url.pathname}.`));
    const query = Object.fromEntries(url.searchParams);
    return respond(found.route.answer({ params: found.params, query, body: parseBody(init.body) }));
  };
}

/** A stream of events that stays open: what the mock tells of has happened. */
function waitForNothing(signal: AbortSignal | null): Response {
  const stream = new ReadableStream({
    start(controller) {
      signal?.addEventListener("abort", () => controller.error(signal.reason));
    },
  });
  return new Response(stream, { headers: { "content-type": "text/event-stream" } });
}

function parseBody(body: RequestInit["body"]): MockAsked["body"] {
  if (typeof body !== "string") return null;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

function respond({ status = 200, body }: MockAnswer): Response {
  return Response.json(body, { status });
}
