import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { fromConfigBytes, toConfigRevision } from "./config-revision.ts";
import { configSchema, type Config } from "./config.ts";

const loopback = fc.constantFrom("127.0.0.1", "127.9.9.9", "localhost", "::1");
const kibibyte = fc.integer({ min: 4, max: 256 }).map((count) => count * 1024);
const milliseconds = fc.integer({ min: 1_000, max: 600_000 });
const pool = fc.integer({ min: 2, max: 200 });

const names = fc.uniqueArray(fc.constantFrom("a", "b-c", "https://gate.example"), { maxLength: 3 });
const issuer = fc.record(
  {
    issuer: fc.constantFrom("https://idp.example", "https://idp.example/realms/a/"),
    audiences: names,
    algorithms: fc.constantFrom(["RS256"], ["ES256", "EdDSA"]),
    private: fc.boolean(),
    tenant: fc.constant("default"),
    kind: fc.constantFrom("client", "user", "service"),
    subjectClaim: fc.constantFrom("sub", "/a/b"),
    access: fc.record({
      viewer: names,
      operator: names,
      auditor: names,
      approver: names,
      admin: names,
    }),
    requiredScopes: fc.constantFrom([], ["calls"]),
    rolesClaim: fc.constant("groups"),
    jwksUri: fc.constant("https://idp.example/jwks?a=b"),
    toolsets: fc.constantFrom([], ["", "travel"]),
  },
  {
    requiredKeys: ["issuer", "audiences", "algorithms", "private", "tenant", "kind"].concat([
      "subjectClaim",
      "access",
      "requiredScopes",
    ]) as "issuer"[],
  },
);

const micros = fc.integer({ min: 0, max: 900_000_000_000_000 });
const answering = {
  concurrency: fc.integer({ min: 1, max: 10_000 }),
  queue: fc.nat({ max: 10_000 }),
  firstToken: fc.integer({ min: 100, max: 3_600_000 }),
  idle: fc.integer({ min: 100, max: 3_600_000 }),
  prices: fc.record(
    { input: micros, output: micros, cached: micros, cacheWrite: micros },
    { requiredKeys: ["input", "output"] },
  ),
};
const answeringKeys = ["concurrency", "queue", "firstToken", "idle"] as const;

const share = fc.double({ min: 0, max: 1, noNaN: true }).map((each) => each + 0);
const destination = fc.record({
  url: fc.constant("https://otel.example/v1/traces"),
  headers: fc.dictionary(fc.constantFrom("authorization", "x-key"), fc.constant("env://KEY")),
  private: fc.boolean(),
  tenant: fc.constant("default"),
  content: fc.constantFrom("none", "redacted"),
  keep: fc.record({
    always: fc.subarray(["errors", "denials", "asks", "slow", "expensive"]),
    share,
    slow: milliseconds,
    expensive: micros,
  }),
  drop: fc.subarray(["user.id", "session.id"]),
});

const plainDestination = (signal: string) =>
  fc.record({
    url: fc.constant(`https://otel.example/v1/${signal}`),
    headers: fc.dictionary(fc.constantFrom("authorization", "x-key"), fc.constant("env://KEY")),
    private: fc.boolean(),
    interval: fc.integer({ min: 1_000, max: 60_000 }),
  });

/** Anything the program can read, as it reads it. */
const config: fc.Arbitrary<unknown> = fc.record({
  version: fc.constant(1),
  listen: fc.record({ host: loopback, port: fc.nat({ max: 65_535 }) }),
  allowedHosts: fc.array(fc.constantFrom("a", "a.example:1", "[::1]:7"), { maxLength: 4 }),
  allowedOrigins: fc.array(fc.constantFrom("http://a", "https://b.example:8"), { maxLength: 4 }),
  auth: fc.record(
    {
      adminKey: fc.constantFrom("env://KEY", "file://key"),
      sealingKeys: fc.array(fc.constantFrom("env://A", "env://B"), { maxLength: 3 }),
      vaultKeys: fc.array(fc.constantFrom("env://A", "env://B"), { maxLength: 3 }),
      agentKeys: fc.array(fc.constantFrom("env://A", "env://B"), { maxLength: 3 }),
      issuers: fc.dictionary(fc.constantFrom("corp", "ci-1"), issuer, { maxKeys: 1 }),
      callers: fc.dictionary(
        fc.constantFrom("bot", "ci-1"),
        fc.record({
          key: fc.constant("env://BOT"),
          roles: fc.constantFrom([], ["ops"]),
          tenant: fc.constantFrom("default", "acme"),
        }),
      ),
      approvers: fc.dictionary(
        fc.constantFrom("ada", "bob"),
        fc.record({
          key: fc.constant("env://ADA"),
          roles: fc.constantFrom([], ["finance"]),
          tenant: fc.constantFrom("default", "acme"),
        }),
      ),
    },
    {
      requiredKeys: ["sealingKeys", "vaultKeys", "agentKeys", "issuers", "callers", "approvers"],
    },
  ),
  servers: fc.constant({}),
  toolsets: fc.constant({}),
  policy: fc.oneof(
    fc.record({
      rule: fc.constantFrom("allow-all" as const, "deny-all" as const),
      rules: fc.constant({}),
      forgetLabels: fc.integer({ min: 60_000, max: 600_000 }),
    }),
    fc.record({
      rule: fc.constant("deny-all" as const),
      rules: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string({ minLength: 1 }), {
        maxKeys: 3,
      }),
      forgetLabels: fc.integer({ min: 60_000, max: 600_000 }),
    }),
  ),
  budgets: fc.dictionary(
    fc.constantFrom("daily", "a-1"),
    fc.record({
      each: fc.constantFrom("tenant", "principal", "agent", "server", "tool"),
      per: fc.constantFrom("minute", "hour", "day"),
      calls: fc.integer({ min: 1, max: 1_000 }),
      money: fc.integer({ min: 0, max: 900_000_000_000_000 }),
    }),
  ),
  models: fc.record({
    backends: fc.record({
      local: fc.record(
        {
          kind: fc.constant("openai"),
          url: fc.constantFrom("https://api.openai.com/v1", "https://models.example/v1"),
          tokenLimit: fc.constantFrom("max_completion_tokens", "max_tokens"),
          model: fc.constantFrom("gpt-5.1", "org/model:7b"),
          key: fc.constant("env://KEY"),
          private: fc.boolean(),
          ...answering,
        },
        { requiredKeys: ["kind", "url", "tokenLimit", "model", "private", ...answeringKeys] },
      ),
      demo: fc.record(
        {
          kind: fc.constant("scripted"),
          script: fc.constant("demo.yaml"),
          format: fc.constantFrom("openai", "anthropic"),
          ...answering,
        },
        { requiredKeys: ["kind", "script", "format", ...answeringKeys] },
      ),
    }),
    routes: fc.dictionary(
      fc.constantFrom("small", "gpt-5.1"),
      fc.constantFrom(
        [[{ backend: "local", weight: 3, model: "lora" }], [{ backend: "demo", weight: 1 }]],
        [[{ backend: "demo", weight: 1 }]],
      ),
    ),
  }),
  approvals: fc.record({
    expire: milliseconds.map((each) => each + 10_000),
    openPerCaller: fc.integer({ min: 1, max: 10_000 }),
    keys: milliseconds.map((each) => each + 60_000),
  }),
  ledger: fc.record(
    {
      name: fc.constantFrom("countersign.local", "gate-1.example.com"),
      signingKeys: fc.array(fc.constantFrom("env://A", "env://B"), { maxLength: 3 }),
      checkpoints: fc.constantFrom("kept", "/var/kept"),
    },
    { requiredKeys: ["name", "signingKeys"] },
  ),
  webhooks: fc.dictionary(
    fc.constantFrom("chat", "a-1"),
    fc.record({
      url: fc.constant("https://hooks.example/in"),
      secret: fc.constant("env://HOOK"),
      events: fc.constantFrom(["approval.asked"], ["approval.decided", "approval.expired"]),
      private: fc.boolean(),
      tenant: fc.constant("default"),
    }),
  ),
  gate: fc.record({
    tenantConcurrency: fc.integer({ min: 1, max: 65_536 }),
    concurrency: fc.integer({ min: 1, max: 65_536 }),
    queue: fc.nat({ max: 65_536 }),
    record: fc.constantFrom("async", "sync"),
    parked: fc.nat({ max: 100_000 }),
    parkTime: milliseconds,
    resultSize: kibibyte.map((bytes) => bytes * 16),
    argumentProblems: fc.integer({ min: 1, max: 100 }),
  }),
  limits: fc.record({
    bodySize: kibibyte,
    headerSize: kibibyte,
    concurrentRequests: fc.integer({ min: 1, max: 65_536 }),
    queuedRequests: fc.nat({ max: 65_536 }),
    openStreams: fc.integer({ min: 1, max: 65_536 }),
    requestDeadline: milliseconds,
    drainTime: milliseconds,
  }),
  store: fc.oneof(
    fc.record({
      kind: fc.constant("embedded"),
      directory: fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
      poolSize: pool,
    }),
    fc.record({ kind: fc.constant("postgres"), url: fc.constant("env://URL"), poolSize: pool }),
  ),
  worker: fc.record({ slots: fc.integer({ min: 1, max: 10_000 }) }),
  runs: fc.record({ keep: fc.integer({ min: 3_600, max: 315_360_000 }).map((s) => s * 1_000) }),
  log: fc.record({ level: fc.constantFrom("debug", "info", "warn", "error") }),
  telemetry: fc.record({
    traces: fc.record({ destinations: fc.dictionary(fc.constantFrom("a", "b-c"), destination) }),
    metrics: fc.record({
      destinations: fc.dictionary(fc.constantFrom("a", "b-c"), plainDestination("metrics")),
    }),
    logs: fc.record({
      destinations: fc.dictionary(fc.constantFrom("a", "b-c"), plainDestination("logs")),
    }),
    calls: fc.constantFrom("all", "errors", "none"),
  }),
});

/** Of a model that the document has. */
const agent = fc.record(
  {
    description: fc.string({ minLength: 1 }),
    maxTokens: fc.integer({ min: 1, max: 10_000 }),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }).map((each) => each + 0),
    stop: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
    instructions: fc.string({ unit: "grapheme", minLength: 1 }),
    tools: fc.array(fc.constantFrom("a__b", "a__c"), { maxLength: 3 }),
    agents: fc.constant([]),
    waits: fc.boolean(),
    compensations: fc.constantFrom({}, { a__b: { tool: "a__c", args: { id: "/result/id" } } }),
    budget: fc.record(
      { money: fc.nat(), tokens: fc.integer({ min: 1 }), calls: fc.integer({ min: 1, max: 9 }) },
      { requiredKeys: [] },
    ),
    deadline: milliseconds.map((each) => each + 1_000),
    maxSteps: fc.integer({ min: 1, max: 100 }),
  },
  {
    requiredKeys: [
      "description",
      "maxTokens",
      "stop",
      "instructions",
      "agents",
      "waits",
      "compensations",
      "budget",
      "maxSteps",
    ],
  },
);

test("a revision read back from its bytes is the same configuration under the same digest", () => {
  fc.assert(
    fc.property(config, agent, (given, made) => {
      const value = given as Config;
      const [model] = Object.keys(value.models.routes);
      const agents = model === undefined ? {} : { travel: { ...made, model } };
      const revision = toConfigRevision({ ...value, agents } as Config);
      const again = fromConfigBytes(revision.bytes);
      expect(again.config).toEqual(revision.config);
      expect(again.digest).toBe(revision.digest);
      expect(toConfigRevision(again.config).bytes).toEqual(revision.bytes);
    }),
    { seed: seed(), numRuns: scaled({ test: 200, prove: 10_000 }) },
  );
});

test("every default is written out, so that later defaults do not change what a revision means", () => {
  const { bytes } = toConfigRevision(configSchema.parse({ version: 1 }));
  expect(new TextDecoder().decode(bytes)).toBe(
    '{"agents":{},"allowedHosts":[],"allowedOrigins":[],"approvals":{"expire":"1h","keys":"1d","openPerCaller":200},' +
      '"auth":{"agentKeys":[],"approvers":{},"callers":{},"issuers":{},"sealingKeys":[],"vaultKeys":[]},' +
      '"budgets":{},"gate":{"argumentProblems":10,"concurrency":64,"parkTime":"10m","parked":1000,' +
      '"queue":256,"record":"async","resultSize":"32MiB","tenantConcurrency":256},' +
      '"ledger":{"name":"countersign.local","signingKeys":[]},"limits":{"bodySize":"4MiB",' +
      '"concurrentRequests":256,"drainTime":"20s","headerSize":"16KiB","openStreams":4096,' +
      '"queuedRequests":256,"requestDeadline":"1m"},"listen":"127.0.0.1:7070",' +
      '"log":{"level":"info"},"models":{"backends":{},"routes":{}},"policy":{"forgetLabels":"8h","rule":"deny-all","rules":{}},"runs":{"keep":"30d"},"servers":{},' +
      '"store":{"directory":".countersign","kind":"embedded","poolSize":10},"telemetry":{"calls":"all","logs":{"destinations":{}},"metrics":{"destinations":{}},"traces":{"destinations":{}}},"toolsets":{},' +
      '"version":1,"webhooks":{},"worker":{"slots":64}}',
  );
});

test.each(['{"version":2}', "not JSON", "", '{"version":1,"store":{"kind":"sqlite"}}'])(
  "stored bytes that this version cannot read are a fault: %j",
  (text) => {
    const bytes = new TextEncoder().encode(text);
    expect(() => fromConfigBytes(bytes)).toThrow(
      expect.objectContaining({ code: "config_invalid" }),
    );
  },
);
