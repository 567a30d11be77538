import { expect, test } from "vitest";
import { base, startTestApi, tell } from "../../test/start-api.ts";
import { toDigest, type Digest } from "../model/index.ts";
import type { Applied } from "../ports/configuration.ts";

const next = toDigest("next");
const yaml = { "content-type": "application/yaml" };
const problem = { line: 3, column: 5, key: "store.kind", message: "takes kind", suggestion: null };

async function put(applied: Applied, ifMatch: string | null = `"${base}"`) {
  const asked: { document: string; previous: Digest | null }[] = [];
  const { url } = await startTestApi({
    apply: async (document, previous) => {
      asked.push({ document, previous });
      return applied;
    },
  });
  const headers = { ...yaml, ...(ifMatch === null ? {} : { "if-match": ifMatch }) };
  return {
    asked,
    told: await tell(url, "/v1/config", { method: "PUT", headers, body: "version: 1" }),
  };
}

test("the ETag of the serving revision is its digest", async () => {
  const { url } = await startTestApi();
  const { headers, body } = await tell(url, "/v1/config");
  expect(headers.etag).toBe(`"${base}"`);
  expect(body).toEqual({
    digest: base,
    appliedAt: "1970-01-01T00:00:00.000Z",
    document: { version: 1 },
  });
});

test("an apply reaches the configuration with the document as sent and the revision it is fenced by", async () => {
  const { asked, told } = await put({ kind: "applied", digest: next });
  expect(asked).toEqual([{ document: "version: 1", previous: base }]);
  expect([told.status, told.headers.etag, told.body]).toEqual([
    200,
    `"${next}"`,
    { kind: "applied", digest: next },
  ]);
});

test.each([
  [{ kind: "stale", current: next }, 412, "config_stale", { current: next }],
  [{ kind: "invalid", problems: [problem] }, 422, "config_invalid", { problems: [problem] }],
  [
    { kind: "unstartable", reason: "no such host", current: base },
    422,
    "config_unstartable",
    { current: base },
  ],
] as const)("%j is refused by name", async (...[applied, status, code, details]) => {
  const { told } = await put(applied);
  expect([told.status, told.body.error.code, told.body.error.details]).toEqual([
    status,
    code,
    details,
  ]);
});

test.each([
  [null, 428, "precondition_required"],
  ["*", 400, "request_invalid"],
  [base, 400, "request_invalid"],
  [`W/"${base}"`, 400, "request_invalid"],
  [`"${base}", "${next}"`, 400, "request_invalid"],
])("If-Match %s does not reach the configuration", async (ifMatch, status, code) => {
  const { asked, told } = await put({ kind: "applied", digest: next }, ifMatch);
  expect([told.status, told.body.error.code, asked.length]).toEqual([status, code, 0]);
});

test("a plan of an invalid document names the places", async () => {
  const { url } = await startTestApi({
    plan: async () => ({ kind: "invalid", problems: [problem] }),
  });
  const told = await tell(url, "/v1/config/plan", { method: "POST", headers: yaml, body: "a" });
  expect([told.status, told.body.error.details]).toEqual([422, { problems: [problem] }]);
});

test("metrics are text with the exporter's content type", async () => {
  const { url } = await startTestApi();
  const told = await tell(url, "/metrics", { headers: { accept: "text/plain;version=0.0.4" } });
  expect([told.text, told.headers["content-type"]]).toEqual([
    "up 1\n",
    "text/plain; version=0.0.4",
  ]);
});
