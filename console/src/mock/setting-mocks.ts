import { findResolveReason, findings, type DoubtfulCall } from "../pages/settings/resolve-words.ts";
import type { MockAnswer, MockRoute } from "./mock-route.ts";
import { ago, mockDigest, mockId, openedMs } from "./mock-world.ts";
import { refuse } from "./refuse.ts";
import { models, sandboxes } from "./setting-book.ts";

const minute = 60_000;
const day = 86_400_000;

let calls: readonly DoubtfulCall[] = [
  {
    id: mockId(801),
    server: "bookings",
    tool: "book",
    state: "unknown",
    intent: mockDigest(81),
    subject: "user:grace",
    approval: mockId(7),
    at: ago(12 * minute),
    notAfter: ago(11 * minute),
    outcome: mockId(802),
  },
  {
    id: mockId(803),
    server: "mail",
    tool: "send",
    state: "open",
    intent: mockDigest(82),
    subject: "service:nightly",
    approval: null,
    at: ago(minute / 3),
    notAfter: ago(-minute),
    outcome: null,
  },
];

function resolve(id: string | undefined, outcome: string): MockAnswer {
  const call = calls.find((each) => each.id === id);
  const isFinding = findings.some((finding) => finding.outcome === outcome);
  if (call === undefined || !isFinding || findResolveReason(call, Date.now()) !== null) {
    return refuse("call_settled", "How this call ended is known, or it is under way.");
  }
  calls = calls.filter((each) => each !== call);
  return { body: { id, outcome } };
}

const revision = mockDigest(70);

export const settingMocks: readonly MockRoute[] = [
  {
    method: "GET",
    path: "/v1/version",
    answer: () => ({ body: { version: "0.1.0", node: "v24.21.0", revision } }),
  },
  {
    method: "GET",
    path: "/ready",
    answer: () => ({
      body: {
        status: "ready",
        checks: ["serving", "store", "wake"].map((name) => ({ name, ready: true, reason: null })),
      },
    }),
  },
  { method: "GET", path: "/v1/sandboxes", answer: () => ({ body: { sandboxes } }) },
  { method: "GET", path: "/v1/models", answer: () => ({ body: models }) },
  {
    method: "POST",
    path: "/v1/models/look",
    answer: () => ({
      body: {
        backends: models.backends.map(({ name, breaker, lastFault }) => ({
          name,
          answers: breaker === "closed",
          problem: lastFault,
          tookMs: 41,
        })),
      },
    }),
  },
  {
    method: "POST",
    path: "/v1/models/{alias}/try",
    answer: () => ({
      body: {
        backend: "house",
        model: "qwen3-32b",
        attempts: 1,
        text: "Hello there!",
        stop: "ended",
        usage: {
          input: 14,
          cached: 0,
          written: 0,
          output: 4,
          reasoning: null,
        },
        firstTokenMs: 181,
        tokensPerSecond: 60.2,
        cost: "0.000021",
        prices: mockDigest(73),
      },
    }),
  },
  { method: "GET", path: "/v1/calls", answer: () => ({ body: { calls, next: null } }) },
  {
    method: "POST",
    path: "/v1/calls/{id}/resolution",
    answer: ({ params, body }) => resolve(params["id"], (body as { outcome: string }).outcome),
  },
  {
    method: "GET",
    path: "/v1/passkeys",
    answer: () => ({
      body: {
        passkeys: [
          {
            id: "q0fYw1m3S8yD2bXo",
            approver: "ada",
            algorithm: "ES256",
            addedBy: "admin",
            addedAt: ago(40 * day),
            usedAt: new Date(openedMs - 20 * minute).toISOString(),
          },
          {
            id: "Zp81nVbT55kQxA7c",
            approver: "ada",
            algorithm: "EdDSA",
            addedBy: "ada",
            addedAt: ago(9 * day),
            usedAt: null,
          },
        ],
        next: null,
      },
    }),
  },
];
