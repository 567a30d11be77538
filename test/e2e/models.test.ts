import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startScriptedServer } from "../../src/adapters/scripted/scripted-server.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { modelScriptSchema } from "../../src/model/model-script.ts";
import { createHome } from "./home.ts";

const key = "sk-canary-e2e-0123456789";

/** A backend elsewhere, which wants the key. */
async function startRemote(turns: readonly object[]) {
  const script = modelScriptSchema.parse({ name: "remote", turns });
  const server = await startScriptedServer({ script, clock: systemClock, key });
  onTestFinished(() => server.close());
  return server;
}

test("models are listed, tried, passed on and doctored; no key is shown anywhere", async () => {
  const busy = { fault: { kind: "status", status: 429, retryAfter: 300 }, times: 1 };
  const remote = await startRemote([busy, { say: "Oslo", usage: { input: 10, output: 2 } }]);
  const home = createHome();
  const write = (file: string, text: string) =>
    writeFileSync(path.join(home.directory, file), text);
  write("demo.yaml", "name: demo\nturns:\n  - say: Tromsø\n");
  write(
    "countersign.yaml",
    `version: 1
models:
  backends:
    remote:
      kind: openai
      url: ${remote.url}/v1
      model: any
      key: env://MODEL_KEY
      private: true
      prices: { input: "2.50", output: "10" }
    claude: { kind: anthropic, url: ${remote.url}, model: any, key: env://WRONG_KEY, private: true }
    demo: { kind: scripted, script: demo.yaml, format: anthropic }
  routes:
    capital: [[{ backend: remote }], [{ backend: demo }]]
    priced: [[{ backend: remote, model: lora-1 }]]
    wrong: [[{ backend: claude }]]
`,
  );
  home.environment["MODEL_KEY"] = key;
  home.environment["WRONG_KEY"] = "sk-wrong";
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;

  const first = await home.run("models", "try", "capital", "Which capital?", "--json");
  expect(JSON.parse(first.out)).toMatchObject({
    backend: "demo",
    model: "scripted/demo",
    attempts: 2,
    text: "Tromsø",
    stop: "ended",
    cost: null,
  });
  const listed = await home.run("models", "ls");
  expect(listed.out).toContain("capital: remote, then demo");
  expect(listed.out).toMatch(/remote +openai +any .* busy /);
  // It asked for five minutes, and a request has one.
  expect((await home.run("models", "try", "priced", "?")).code).toBe(75);
  expect((await home.run("models", "try", "wrong", "?")).code).toBe(4);
  expect(await home.run("models", "try", "captial", "?")).toMatchObject({
    code: 3,
    err: expect.stringContaining("did you mean capital?") as string,
  });

  const doctor = JSON.parse((await home.run("doctor", "--json")).out) as {
    checks: { name: string; status: string; message: string }[];
  };
  expect(doctor.checks.find(({ name }) => name === "models")).toMatchObject({
    status: "warn",
    message: expect.stringMatching(
      /^remote, demo answer; claude: .* does not take the key/,
    ) as string,
  });
  home.environment["COUNTERSIGN_API_KEY"] = home.key("approver");
  expect((await home.run("models", "ls")).code).toBe(5);
  expect((await home.run("models", "try", "capital", "?")).code).toBe(5);
  const metrics = await fetch(`${up.url}/metrics`, {
    headers: { authorization: `Bearer ${home.key("admin")}` },
  });
  expect(await metrics.text()).toContain('countersign_model_requests_total{outcome="passed_on"} 1');
  expect(up.log() + first.out + listed.out + JSON.stringify(doctor)).not.toContain(key);
});

test("money: a price is counted, a bound in money holds before anything is sent", async () => {
  const remote = await startRemote([{ say: "Oslo", usage: { input: 1_000, output: 100 } }]);
  const home = createHome();
  const backend = `kind: openai, url: "${remote.url}/v1", model: any, key: env://MODEL_KEY, private: true`;
  writeFileSync(
    path.join(home.directory, "countersign.yaml"),
    `version: 1
models:
  backends:
    priced: { ${backend}, prices: { input: "2.50", output: "10" } }
    free: { ${backend} }
  routes:
    priced: [[{ backend: priced }]]
    free: [[{ backend: free }]]
`,
  );
  home.environment["MODEL_KEY"] = key;
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const tried = await home.run("models", "try", "priced", "?", "--max-cost", "0.01");
  expect([tried.code, tried.out]).toEqual([0, expect.stringContaining("cost 0.0035")]);
  const dear = await home.run("models", "try", "priced", "?", "--max-cost", "0.0001");
  expect([dear.code, dear.err]).toEqual([2, expect.stringContaining("more than maxCost")]);
  const unknown = await home.run("models", "try", "free", "?", "--max-cost", "1", "--json");
  expect([unknown.code, unknown.out + unknown.err]).toEqual([
    7,
    expect.stringContaining("price_unknown"),
  ]);
});

test("a script that is wrong ends the start, with its line", async () => {
  const home = createHome();
  const yaml = `version: 1\nmodels: { backends: { demo: { kind: scripted, script: demo.yaml } } }\n`;
  writeFileSync(path.join(home.directory, "countersign.yaml"), yaml);
  writeFileSync(path.join(home.directory, "demo.yaml"), "name: demo\nturns:\n  - sya: hello\n");
  const ran = await home.run("up", "--listen", "127.0.0.1:0");
  expect(ran.code).toBe(2);
  expect(ran.err).toContain("The script demo.yaml is wrong. Line 3");
});
