import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { createLegacyClient, createModernClient } from "../mcp/raw-clients.ts";
import { toBookingDocument } from "./booking-document.ts";
import { createHome } from "./home.ts";

const agents = `policy: { rule: allow-all }
agents:
  clerk:
    description: Books flights.
    model: fast
    instructions: Book flights.
    tools: [booking__book]
  boss:
    description: Has flights booked.
    model: fast
    instructions: Have flights booked.
    tools: []
    agents: [clerk]
`;

const script = {
  name: "demo",
  turns: [
    {
      when: { last: "user", contains: "both" },
      calls: ["LH1", "LH2"].map((flight) => ({
        tool: "agents__clerk",
        args: { task: `book ${flight}` },
      })),
    },
    ...["LH1", "LH2"].map((flight) => ({
      when: { last: "user", contains: flight },
      calls: [{ tool: "booking__book", args: { flight } }],
    })),
    { when: { last: "tool", tool: "agents__clerk" }, say: "Both are booked." },
    { when: { last: "tool", tool: "booking__book" }, say: "It is booked." },
  ],
};

type Result = { readonly result: { readonly structuredContent: Record<string, string> } };

test("a client calls an agent as a tool, which has two others work for it, each once", async () => {
  const home = createHome();
  const effects = path.join(home.directory, "effects.jsonl");
  const write = (file: string, text: string) =>
    writeFileSync(path.join(home.directory, file), text);
  write("demo.yaml", JSON.stringify(script));
  write("countersign.yaml", toBookingDocument(effects, agents));
  const server = await home.up();
  home.environment["COUNTERSIGN_URL"] = server.url;
  const options = { url: `${server.url}/mcp`, answer: () => ({}), key: home.key("admin") };
  const modern = createModernClient(options);
  const call = {
    name: "agents__boss",
    arguments: { task: "book both" },
    _meta: { "dev.countersign/key": "trip" },
  };
  const booked = () => {
    const lines = existsSync(effects) ? readFileSync(effects, "utf8").trim().split("\n") : [];
    return lines.map((line) => (JSON.parse(line) as { flight: string }).flight).toSorted();
  };
  const first = (await modern.request("tools/call", call, {
    progressToken: "p",
  })) as never as Result;
  const said = first.result.structuredContent;
  expect(said).toMatchObject({ state: "completed", output: "Both are booked." });
  expect(booked()).toEqual(["LH1", "LH2"]);
  const told = modern.notifications.map(({ params }) => params["message"]);
  expect(told).toContain("step 0: agents__clerk, agents__clerk");
  // The same key again, of another client, is the same run.
  const legacy = await createLegacyClient(options);
  const again = (await legacy.request("tools/call", call)) as never as Result;
  expect(again.result.structuredContent).toEqual(said);
  expect(booked()).toEqual(["LH1", "LH2"]);
  const shown = await home.run("runs", "show", said["run"]!);
  expect([shown.code, shown.err]).toEqual([0, ""]);
  server.kill("SIGTERM");
  expect(await server.ended).toBe(0);
}, 90_000);
