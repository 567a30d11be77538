import type { Bundle } from "../../../src/client/client.ts";
import { mockDigest } from "./mock-world.ts";

type Parts = Bundle["bundle"];

const tool = (
  [server, name]: readonly [string, string],
  effect: "read" | "write" | "destructive",
  pin: number,
) => ({
  exposed: `${server}__${name}`,
  server,
  tool: name,
  pin: mockDigest(pin),
  effect,
});

const limits = {
  memoryBytes: 268_435_456,
  cpuMillis: 1_000,
  processes: 64,
  scratchBytes: 67_108_864,
  timeoutMs: 30_000,
};

const before: Parts = {
  v: 1,
  agent: "travel-desk",
  description: "Finds flights, and books what fits the traveller's rules.",
  model: {
    alias: "fast",
    maxTokens: 4_096,
    temperature: 0.2,
    stop: [],
    route: [
      [
        { backend: "house", kind: "openai", model: "qwen3-32b", weight: 3 },
        { backend: "spare", kind: "openai", model: "qwen3-32b", weight: 1 },
      ],
      [{ backend: "far", kind: "anthropic", model: "claude-haiku", weight: 1 }],
    ],
  },
  instructions: [
    "You book travel for the person who asks.",
    "",
    "Look for flights first, and compare at least three.",
    "Book only what costs less than $500.",
    "Put what you booked into the calendar.",
    "",
    "Say what you did in two sentences.",
  ].join("\n"),
  context: {
    window: 65_536,
    toolTokens: 8_192,
    compaction: {
      at: 0.8,
      keepTurns: 6,
      model: null,
      maxTokens: 1_024,
      prompt: "Sum up what was found and what is open.",
    },
    sources: [
      {
        kind: "text",
        name: "house-rules",
        owner: "travel desk",
        budget: 800,
        text: "Economy only.",
      },
      { kind: "profile", name: "traveller", owner: null, budget: 400 },
    ],
  },
  toolset: "travel",
  tools: [
    tool(["bookings", "book"], "write", 31),
    tool(["calendar", "add_event"], "write", 32),
    tool(["flights", "search"], "read", 33),
  ],
  servers: [
    {
      name: "bookings",
      version: "2.4.0",
      source: mockDigest(41),
      isolation: "remote",
      sandbox: null,
    },
    {
      name: "calendar",
      version: "1.0.3",
      source: mockDigest(42),
      isolation: "T1",
      sandbox: {
        files: [
          {
            path: "/srv/calendar",
            write: true,
          },
        ],
        egress: ["calendar.example.com:443"],
        egressPrivate: false,
        limits,
      },
    },
    {
      name: "flights",
      version: null,
      source: mockDigest(43),
      isolation: "remote",
      sandbox: null,
    },
  ],
  skills: [
    {
      name: "fare-rules",
      description: "How fares of the usual airlines may be changed and refunded.",
      digest: mockDigest(51),
      wishes: ["flights__search"],
      files: [
        { path: "SKILL.md", digest: mockDigest(52), size: 4_812 },
        { path: "tables/changes.csv", digest: mockDigest(53), size: 18_240 },
      ],
    },
  ],
  memory: { embedder: { kind: "lexical" }, language: "english", shared: false },
  policy: {
    digest: mockDigest(61),
    rule: "deny-all",
    rules: [
      {
        name: "travel",
        text: '@id("flights/read")\npermit (principal, action in [Action::"flights__search"], resource);\n\n@id("bookings/ask") @ask("A booking costs money.") @approvers("role:travel")\nforbid (principal, action in [Action::"bookings__book"], resource)\nunless { context.approval.granted };\n',
      },
    ],
  },
  waits: true,
  compensations: { bookings__book: { tool: "bookings__cancel", args: { booking: "/result/id" } } },
  limits: {
    caps: { micros: 500_000, tokens: 200_000, calls: 40 },
    maxSteps: 24,
    deadlineMs: 3_600_000,
  },
};

const rules = before.policy.rules.map(({ name, text }) => ({
  name,
  text: text.replace(
    "unless { context.approval.granted };",
    "when { context.args.price > 100 }\nunless { context.approval.granted };",
  ),
}));

const after: Parts = {
  ...before,
  description: "Finds and books flights within the traveller's rules.",
  model: { ...before.model, maxTokens: 8_192 },
  instructions: before.instructions
    .replace(
      "Book only what costs less than $500.",
      "Book only what costs less than $300.\nAsk before you book anything else.",
    )
    .replace("in two sentences", "in one sentence"),
  tools: [
    ...before.tools.slice(0, 1).map((each) => ({ ...each, pin: mockDigest(34) })),
    tool(["bookings", "cancel"], "destructive", 35),
    ...before.tools.slice(1),
  ],
  policy: { ...before.policy, digest: mockDigest(62), rules },
  limits: { ...before.limits, maxSteps: 32 },
};

export const beforeDigest = mockDigest(11);
export const afterDigest = mockDigest(12);

export const keptBundles: ReadonlyMap<string, Parts> = new Map([
  [beforeDigest, before],
  [afterDigest, after],
]);

const short = (pin: number) => `${mockDigest(pin).slice(0, 19)}…`;

/** As the server says it. */
export const bundleChanges = [
  {
    component: "description",
    text: 'description "Finds flights, and books what fits the traveller\'s rules." → "Finds and books flights within the traveller\'s rules."',
  },
  { component: "model fast", text: "model fast: maxTokens 4096 → 8192" },
  {
    component: "instructions",
    text: 'instructions changed (line 4: "Book only what costs less than $500." → "Book only what costs less than $300.", 7 → 8 lines)',
  },
  {
    component: "tool bookings__book",
    text: `tool bookings__book: definition ${short(31)} → ${short(34)}`,
  },
  { component: "tool bookings__cancel", text: "tool bookings__cancel added" },
  { component: "policy", text: `policy: digest ${short(61)} → ${short(62)}` },
  {
    component: "policy rule travel",
    text: 'policy rule travel changed (line 6: "unless { context.approval.granted };" → "when { context.args.price > 100 }", 7 → 8 lines)',
  },
  { component: "limits", text: "limits: maxSteps 24 → 32" },
];
