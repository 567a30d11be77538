import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { expect, onTestFinished, test, vi } from "vitest";
import { readIndex, toIndexFile } from "../../examples/mcp-search/search/index-file.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { example, startIndexer } from "../mcp-search/search-under-test.ts";
import { until } from "../travel/quickstart.ts";
import { createHome } from "./home.ts";

// Whole programs, on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: 240_000 });

const staleAfter = 5;

interface Answer {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent: {
    readonly hits: readonly {
      readonly path: string;
      readonly version: string;
      readonly source: string;
    }[];
    readonly index: {
      readonly version: string;
      readonly stale: boolean;
      readonly note: string | null;
      readonly ageSeconds: number;
    };
  };
}

/** The example as it lies there, in a home of its own, behind the product. */
function makeScene() {
  const home = createHome();
  cpSync(example, home.directory, {
    recursive: true,
    filter: (file) => !/\/(?:\.search|\.countersign)$/.test(file),
  });
  symlinkSync(
    path.join(import.meta.dirname, "../../node_modules"),
    path.join(home.directory, "node_modules"),
  );
  const document = path.join(home.directory, "countersign.yaml");
  const text = readFileSync(document, "utf8");
  expect(text).toContain('--stale-after, "60"');
  writeFileSync(document, text.replace('"60"', `"${staleAfter}"`));
  const documents = path.join(home.directory, "documents");
  const state = path.join(home.directory, ".search");
  return {
    documents,
    state,
    write: (name: string, content: string) => writeFileSync(path.join(documents, name), content),
    index: (...argv: readonly string[]) => startIndexer({ documents, state }, ...argv),
    async up() {
      const { url } = await home.up();
      const headers = { authorization: `Bearer ${home.key("admin")}` };
      const client = new Client(
        { name: "test", version: "1" },
        { versionNegotiation: { mode: "auto" } },
      );
      const requestInit = { headers };
      const place = new URL(`${url}/mcp`);
      await client.connect(new StreamableHTTPClientTransport(place, { requestInit }));
      onTestFinished(() => client.close());
      const isListed = async () => (await client.listTools()).tools.length === 2;
      await until("its tools are listed", isListed);
      const metrics = async () => (await fetch(`${url}/metrics`, { headers })).text();
      const gauge = async (name: string): Promise<number> => {
        const labels = '{server="search",index="documents"}';
        const shape = `countersign_mcp_index_${name}${labels} `;
        const line = (await metrics()).split("\n").find((each) => each.startsWith(shape));
        return line === undefined ? Number.NaN : Number(line.slice(shape.length));
      };
      const call = async (name: string, args: object): Promise<Answer> =>
        (await client.callTool({ name, arguments: args as never })) as unknown as Answer;
      return {
        client,
        gauge,
        call,
        search: (query: string) => call("search__search", { query, limit: 20 }),
      };
    },
  };
}

const toText = ({ content }: Answer): string => content[0]!.text;

test("a stopped indexer shows as a metric and as a note in the next result, until it is started again", async () => {
  const scene = makeScene();
  const first = scene.index();
  await first.until("written");
  const { client, search, gauge, call } = await scene.up();
  // Told with the list of tools, before anybody has searched.
  await until("the age is told", async () => (await gauge("stale")) === 0);
  expect(await gauge("age_seconds")).toBeLessThan(60);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name).toSorted()).toEqual([
    "search__index_status",
    "search__search",
  ]);
  const fine = await search("restoring backup rehersal");
  expect(fine.structuredContent).toMatchObject({
    index: { stale: false, note: null, version: "1" },
  });
  expect(fine.structuredContent.hits[0]).toMatchObject({ path: "backups.md", source: "same" });
  expect(toText(fine)).not.toContain("Note:");
  expect((await search("OPS3046")).structuredContent.hits[0]).toMatchObject({
    path: "certificates.md",
  });
  expect(await gauge("age_seconds")).toBeLessThan(staleAfter);

  first.kill("SIGKILL");
  await first.ended;
  scene.write("backups.md", "# Backups\n\nRestoring is left to chance.\n");
  rmSync(path.join(scene.documents, "certificates.md"));
  await systemClock.sleep((staleAfter + 1) * 1_000);
  // Nobody has searched since, and the age grows all the same.
  const age = await gauge("age_seconds");
  expect(age).toBeGreaterThan(staleAfter);
  await systemClock.sleep(1_000);
  expect(await gauge("age_seconds")).toBeGreaterThan(age + 0.9);
  const stale = await search("restoring backup rehearsal");
  expect(stale.structuredContent.index).toMatchObject({ stale: true });
  expect(stale.structuredContent.index.ageSeconds).toBeGreaterThan(staleAfter);
  expect(stale.structuredContent.hits[0]).toMatchObject({ path: "backups.md", source: "changed" });
  const note = toText(stale).slice(toText(stale).lastIndexOf("Note:"));
  expect(note).toContain("the indexer has stopped");
  expect(note).toContain("backups.md has changed since it was indexed.");
  const gone = await search("OPS-3046");
  expect(gone.structuredContent.hits[0]).toMatchObject({ path: "certificates.md", source: "gone" });
  expect(toText(gone)).toContain("certificates.md is gone since it was indexed.");
  expect(toText(await call("search__index_status", {}))).toContain("the indexer has stopped");
  expect([await gauge("stale"), (await gauge("age_seconds")) > staleAfter]).toEqual([1, true]);

  const second = scene.index();
  expect(await second.until("written")).toMatchObject({ version: "1", documents: 5 });
  await until("it is seen", async () => !(await search("restoring")).structuredContent.index.stale);
  const again = await search("restoring left to chance");
  expect(again.structuredContent.hits[0]).toMatchObject({ path: "backups.md", source: "same" });
  expect(toText(again)).not.toContain("Note:");
  expect((await search("OPS-3046")).structuredContent.hits.map((hit) => hit.path)).not.toContain(
    "certificates.md",
  );
  expect([await gauge("stale"), (await gauge("age_seconds")) < staleAfter]).toEqual([0, true]);

  const long = await search("a".repeat(1_000_000)).catch((error: unknown) => ({
    isError: true,
    said: String(error),
  }));
  expect(long.isError).toBe(true);
});

test("re-embedded with another version, killed half-way and done again: no answer mixes two versions", async () => {
  const scene = makeScene();
  for (let at = 0; at < 300; at += 1)
    scene.write(`report-${at}.md`, `# Report ${at}\n\nThe cluster was quiet in week ${at}.\n`);
  const first = scene.index();
  await first.until("written");
  const { search } = await scene.up();
  const versions: string[] = [];
  const look = async (): Promise<string> => {
    const { structuredContent } = await search("quiet clusters, weekly reports");
    const { hits, index } = structuredContent;
    expect(hits).toHaveLength(20);
    expect(new Set(hits.map(({ version }) => version))).toEqual(new Set([index.version]));
    versions.push(index.version);
    return index.version;
  };
  expect(await look()).toBe("1");
  first.kill("SIGTERM");
  await first.ended;

  const killed = scene.index("--embedder", "2", "--batch-pause", "200");
  await killed.until("building");
  for (let times = 0; times < 5; times += 1) expect(await look()).toBe("1");
  const told = killed.events.length;
  await killed.until("building", told);
  killed.kill("SIGKILL");
  await killed.ended;
  expect(killed.events.some(({ event }) => event === "written")).toBe(false);
  expect(await look()).toBe("1");
  expect(readdirSync(scene.state)).not.toContain("documents.v2.index");

  const second = scene.index("--embedder", "2", "--batch-pause", "50");
  const isWritten = second.until("written").then(() => true);
  while (!(await Promise.race([isWritten, look().then(() => false)])));
  await until("version 2 answers", async () => (await look()) === "2");
  // Once over, never back.
  expect(versions).toEqual(versions.toSorted());
  expect(new Set(versions)).toEqual(new Set(["1", "2"]));
  expect(readdirSync(scene.state)).not.toContain("documents.v1.index");
  const { chunks, embedder } = readIndex(toIndexFile(scene.state, "2"));
  for (const { heading, text, vector } of chunks)
    expect(vector).toEqual(embedder.embed(`${heading}\n${text}`));
});
