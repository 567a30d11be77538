import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { chooseDocument } from "../../examples/travel/start/document.ts";
import { takePlace } from "../../examples/travel/start/patience.ts";
import { createTelling, toInert } from "../../examples/travel/start/tell-event.ts";
import { parseConfig } from "../../src/adapters/yaml/parse-config.ts";
import { parseModelScript } from "../../src/adapters/yaml/parse-model-script.ts";

const travel = path.join(import.meta.dirname, "../../examples/travel");
const usual = "http://127.0.0.1:7071/mcp";

function makeCopy(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-travel-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const each of ["countersign.yaml", "models"]) {
    cpSync(path.join(travel, each), path.join(directory, each), { recursive: true });
  }
  return directory;
}

/** As the product reads it: a document that it refuses has no configuration. */
function readConfig(file: string) {
  const parsed = parseConfig(readFileSync(file, "utf8"));
  expect(parsed).toMatchObject({ kind: "valid" });
  return parsed.kind === "valid" ? parsed.revision.config : null;
}

async function startModelServer(models: readonly string[]): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const isAsked = incoming.url === "/v1/models";
    outgoing.statusCode = isAsked ? 200 : 404;
    outgoing.end(JSON.stringify({ data: models.map((id) => ({ id })) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

test("without a key the document is used as it lies there, and its script is one", async () => {
  const directory = makeCopy();
  const local = path.join(directory, "countersign.local.yaml");
  writeFileSync(local, "of an earlier start");
  const chosen = await chooseDocument({ directory, variables: {}, bookingsUrl: usual });
  expect(chosen).toEqual({
    file: path.join(directory, "countersign.yaml"),
    model: expect.stringContaining("scripted: no model") as unknown,
  });
  expect(existsSync(local)).toBe(false);
  expect(readConfig(chosen.file)?.models.backends).toMatchObject({
    scripted: { kind: "scripted" },
  });
  const script = parseModelScript(readFileSync(path.join(travel, "scripted.yaml"), "utf8"));
  expect(script).toMatchObject({ kind: "valid" });
});

test("a real model takes the scripted one's place, and nothing else changes", async () => {
  const directory = makeCopy();
  const url = await startModelServer(["qwen3", "other"]);
  const own = { COUNTERSIGN_MODEL_URL: url };
  const wanted = [
    [{ OPENAI_API_KEY: "k" }, { openai: { kind: "openai" } }],
    [{ ANTHROPIC_API_KEY: "k" }, { anthropic: { kind: "anthropic" } }],
    [{ ...own, OPENAI_API_KEY: "k" }, { own: { url, model: "qwen3" } }],
    [
      { ...own, COUNTERSIGN_MODEL: "mine", COUNTERSIGN_MODEL_KEY: "k" },
      { own: { model: "mine", key: expect.anything() as unknown } },
    ],
  ] as const;
  const before = readConfig(path.join(directory, "countersign.yaml"));
  for (const [variables, backends] of wanted) {
    const { file } = await chooseDocument({ directory, variables, bookingsUrl: usual });
    expect(path.basename(file)).toBe("countersign.local.yaml");
    const config = readConfig(file);
    expect(config?.models.backends).toMatchObject(backends);
    expect(Object.keys(config!.models.backends)).toHaveLength(1);
    expect({ ...config, models: null }).toEqual({ ...before, models: null });
    expect(readFileSync(file, "utf8")).not.toContain('"k"');
  }
});

test("bookings at another address are found there", async () => {
  const bookingsUrl = "http://127.0.0.1:41234/mcp";
  const { file, model } = await chooseDocument({
    directory: makeCopy(),
    variables: {},
    bookingsUrl,
  });
  expect(readConfig(file)?.servers["bookings"]).toMatchObject({ url: bookingsUrl });
  expect(model).toContain("scripted");
});

test.each(["http://127.0.0.1:1/v1", "nonsense", "file:///etc/passwd"])(
  "a model's URL that leads nowhere is named: %s",
  async (url) => {
    const variables = { COUNTERSIGN_MODEL_URL: url };
    const choosing = chooseDocument({ directory: makeCopy(), variables, bookingsUrl: usual });
    await expect(choosing).rejects.toThrow(`COUNTERSIGN_MODEL_URL is ${url}`);
  },
);

test("a model server without models is told apart", async () => {
  const variables = { COUNTERSIGN_MODEL_URL: await startModelServer([]) };
  const choosing = chooseDocument({ directory: makeCopy(), variables, bookingsUrl: usual });
  await expect(choosing).rejects.toThrow("it lists no model");
});

test("events are lines, calls by their tool, and what is strange in them obeys nothing", () => {
  const tell = createTelling();
  const content = (text: string) => ({ contents: { d: JSON.stringify({ text }) } });
  const calls = [{ tool: "air__search" }, { tool: "air__book" }];
  expect(
    tell({ type: "model.responded", step: 0, calls, ...content("I \u001b[2J\nlook\u202e.") }),
  ).toEqual(["  agent   I \u{fffd}[2J look\u{fffd}."]);
  const ended = { type: "call.ended", step: 0 };
  expect([
    tell({ ...ended, ordinal: 0, outcome: "answered", ...content("{}") }),
    tell({ ...ended, ordinal: 1, outcome: "fault", ...content("It is away.") }),
    tell({ type: "run.failed", code: "model_unavailable", detail: "No model answered." }),
    tell({ type: "approval.decided", outcome: "denied" }),
    tell({ type: "run.started" }),
    tell({ type: "something.new" }),
  ]).toEqual([
    ["  call    air__search: done"],
    ["  call    air__book: fault. It is away."],
    ["  run     failed (model_unavailable): No model answered."],
    ["  person  denied it"],
    [],
    [],
  ]);
  expect(toInert("a".repeat(600))).toHaveLength(502);
});

test("only after whoever ran before was killed is anything waited for", () => {
  const file = path.join(makeCopy(), "state", "quickstart.pid");
  const isPatient = () => takePlace(file).patience.untilMs > performance.now() + 1_000;
  expect(isPatient()).toBe(false);
  // It still runs: this very process.
  expect(isPatient()).toBe(false);
  writeFileSync(file, "4194305\n");
  expect(isPatient()).toBe(true);
  writeFileSync(file, "nonsense");
  const place = takePlace(file);
  expect(place.patience.untilMs).toBeLessThanOrEqual(performance.now());
  place.leave();
  expect(existsSync(file)).toBe(false);
});
