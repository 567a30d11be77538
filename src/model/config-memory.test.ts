import { expect, test } from "vitest";
import { listServers } from "./agents-server.ts";
import { configSchema } from "./config.ts";

const parse = (more: object) => configSchema.safeParse({ version: 1, ...more });
const problems = (more: object) =>
  (parse(more).error?.issues ?? []).map(({ path, message }) => `${path.join(".")} ${message}`);

test("without `memory` there is none, and its name is free", () => {
  const servers = { memory: { transport: "http", url: "https://a.example/mcp" } };
  const config = parse({ servers }).data!;
  expect(listServers(config)["memory"]).toMatchObject({ transport: "http" });
  expect(listServers(parse({}).data!)).toEqual({});
  expect(problems({ toolsets: { t: { servers: ["memory"] } } })).toEqual([
    "toolsets.t.servers.0 names no server of this document",
  ]);
});

test("with it the server is ours: its reads, writes and removals count as what they are", () => {
  const config = parse({ memory: {}, toolsets: { t: { servers: ["memory"] } } }).data!;
  const server = listServers(config)["memory"]!;
  expect(server).toMatchObject({
    transport: "internal",
    outward: false,
    tools: {
      remember: { effect: "write" },
      recall: { effect: "read" },
      forget: { effect: "destructive" },
    },
  });
});

test("what is embedded elsewhere leaves the house", () => {
  const remote = { kind: "openai", model: "m", dimensions: 8 };
  const toServer = (embedder: object) =>
    listServers(parse({ memory: { embedder } }).data!)["memory"]!;
  expect(toServer(remote).outward).toBe(true);
  const local = { ...remote, url: "http://127.0.0.1:1/v1", private: true };
  expect(toServer(local).outward).toBe(false);
});

test.each<[object, string]>([
  [
    { servers: { memory: { transport: "http", url: "https://a.example" } }, memory: {} },
    "servers.memory has the name under which `memory` is offered as tools",
  ],
  [{ memory: { shared: ["nobody"] } }, "memory.shared.0 names no agent of this document"],
  [
    {
      memory: {
        embedder: { kind: "openai", url: "http://a.example/v1", model: "m", dimensions: 8 },
      },
    },
    "memory.embedder.url is plain http, which takes private: true",
  ],
  [
    { memory: { language: "klingon" } },
    "memory.language takes a language such as english, or simple",
  ],
])("%j is refused", (document, problem) => {
  expect(problems(document)).toContain(problem);
});
