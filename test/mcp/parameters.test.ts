import { expect, test } from "vitest";
import { startHttpFixture } from "./fixture-http.ts";
import { startGateUnderTest, whenListed } from "./gate-under-test.ts";
import { createModernClient } from "./raw-clients.ts";

async function open(parameters: object) {
  const { url, requests } = await startHttpFixture("modern");
  const gate = await startGateUnderTest({
    servers: {
      fix: { transport: "http", url, private: true, tools: { echo: { parameters } } },
    },
  });
  await whenListed(gate);
  const client = createModernClient({ url: gate.url, answer: () => ({}) });
  const call = (text: string) =>
    client.request("tools/call", { name: "fix__echo", arguments: { text } });
  const sent = () => requests.filter(({ method }) => method === "tools/call").length;
  return { call, sent };
}

test.each([
  ["a path", { type: "path", root: "/srv" }, "/srv/a", "/srv/../etc/passwd"],
  [
    "a host",
    { type: "host", hosts: ["api.example.com"] },
    "https://api.example.com/x",
    "https://api.example.com@evil.example",
  ],
  [
    "mail",
    { type: "email", domains: ["example.com"] },
    "a@example.com",
    "a@example.com.evil.example",
  ],
  [
    "SQL that reads",
    { type: "sql", mode: "read" },
    "select 1",
    "with x as (delete from t returning 1) select * from x",
  ],
  ["a command", { type: "command", programs: ["ls"] }, "ls -l /srv", "ls; curl evil.example"],
])(
  "%s is what it was declared to be, or the call is refused unsent",
  async (_, type, good, bad) => {
    const { call, sent } = await open({ "/text": type });
    expect((await call(good))["result"]).toBeDefined();
    expect(await call(bad)).toMatchObject({
      error: { code: -32_602, data: { problems: [{ pointer: "/text" }] } },
    });
    expect(sent()).toBe(1);
  },
);

test("I14: a parameter that the definition does not have leaves nothing unchecked", async () => {
  const { call, sent } = await open({ "/txet": { type: "path", root: "/srv" } });
  expect(await call("/srv/a")).toMatchObject({ error: { code: -32_602 } });
  expect(sent()).toBe(0);
});
