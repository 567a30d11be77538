import { expect, test } from "vitest";
import { foreignKey, otherKey } from "../mcp/gate-under-test.ts";
import { openBench } from "./bench-scene.ts";

test("files are written, edited, read, listed and removed, and each answer binds the workspace", async () => {
  const { call } = await openBench();
  const wrote = await call("write_file", { path: "src/a.txt", text: "one two one" });
  expect(wrote).toMatchObject({ isError: false, text: 'Wrote 11 bytes to "src/a.txt".' });
  const edited = await call("edit_file", { path: "src/a.txt", old: "two", new: "2" });
  expect(edited.isError).toBe(false);
  expect(edited.workspace!.before).toBe(wrote.workspace!.after);
  expect(edited.workspace!.after).not.toBe(edited.workspace!.before);
  const read = await call("read_file", { path: "src/a.txt" });
  expect(read).toMatchObject({ text: "one 2 one", isError: false });
  expect(read.workspace).toEqual({
    before: edited.workspace!.after,
    after: edited.workspace!.after,
  });
  expect((await call("list_files")).text).toBe("1 files, 9 bytes\n9\tsrc/a.txt");
  const removed = await call("remove_file", { path: "src/a.txt" });
  expect(removed.workspace!.after).toBe(wrote.workspace!.before);
  expect((await call("list_files")).text).toBe("0 files, 0 bytes");
});

test.each([
  ["edit_file", { path: "a", old: "x", new: "y" }, "holds that passage more than once"],
  ["edit_file", { path: "a", old: "q", new: "y" }, "does not hold that passage"],
  ["edit_file", { path: "b", old: "x", new: "y" }, "There is no file"],
  ["remove_file", { path: "b" }, "There is no file"],
  ["read_file", { path: "b" }, "There is no file"],
  ["read_file", { path: "../b" }, "has a part that is . or .."],
  ["write_file", { path: "/etc/passwd", text: "" }, "is not relative"],
  ["write_file", { path: "a/b", text: "" }, "a file and a folder"],
  ["write_file", { path: "x/../../y", text: "" }, "has a part that is . or .."],
  ["write_file", { path: "x\ny", text: "" }, "holds a control character"],
])("%s %j is refused in words, and nothing changes", async (tool, args, words) => {
  const { call } = await openBench();
  const before = await call("write_file", { path: "a", text: "x x" });
  const refused = await call(tool, args);
  expect(refused).toMatchObject({ isError: true, text: expect.stringContaining(words) });
  expect((await call("list_files")).workspace!.after).toBe(before.workspace!.after);
});

test.each([
  ["write_file", { path: "a", text: "x", more: 1 }],
  ["write_file", { path: "a" }],
  ["read_file", { path: "a", offset: -1 }],
  ["run_code", { language: "ruby", code: "1" }],
  ["run_code", { language: "python", code: "x".repeat(30_001) }],
  ["bash", { command: "true", timeout_seconds: 0 }],
])("arguments that the schema of %s does not know never arrive (%#)", async (tool, args) => {
  const { call, errands } = await openBench();
  const refused = await call(tool, args);
  expect(refused.isError || refused.error !== undefined).toBe(true);
  expect(refused.workspace).toBeUndefined();
  expect(errands.asked).toEqual([]);
});

test("a long file comes in parts that fit together, whatever its characters", async () => {
  const { call } = await openBench();
  const text = "aé𝄞".repeat(30_000);
  await call("write_file", { path: "long", text });
  let [read, offset] = ["", 0];
  for (let parts = 0; parts < 10; parts += 1) {
    const part = await call("read_file", { path: "long", offset });
    const [, said, next] = /^([^]*)\n\(bytes [^)]*?(?:offset (\d+)|the end)\)$/.exec(part.text)!;
    read += said;
    if (next === undefined) break;
    offset = Number(next);
  }
  expect(read === text).toBe(true);
  const tiny = await call("read_file", { path: "long", offset: 3, limit: 1 });
  expect(tiny.text).toContain("𝄞\n(bytes 3 to 7");
});

test("bounds are named, and what would pass them is not taken over", async () => {
  const server = { workspace: { size: "64KiB", files: 2 }, limits: { scratch: "1MiB" } };
  const { call } = await openBench({ server });
  await call("write_file", { path: "a", text: "x".repeat(40_000) });
  const large = await call("write_file", { path: "b", text: "x".repeat(40_000) });
  expect(large.text).toContain("may hold 65536 (workspace.size)");
  await call("write_file", { path: "b", text: "" });
  const many = await call("write_file", { path: "c", text: "" });
  expect(many.text).toContain("may hold 2 (workspace.files)");
  expect((await call("list_files")).text).toBe("2 files, 40000 bytes\n40000\ta\n0\tb");
});

test("callers, tenants and runs have workspaces of their own", async () => {
  const { call, callOfRun, startRun } = await openBench();
  await call("write_file", { path: "mine", text: "secret" });
  for (const key of [otherKey, foreignKey]) {
    expect((await call("list_files", {}, key)).text).toBe("0 files, 0 bytes");
    expect((await call("read_file", { path: "mine" }, key)).isError).toBe(true);
  }
  const [one, other] = [await startRun(), await startRun()];
  await callOfRun(one, "write_file", { path: "of-run", text: "x" });
  expect((await callOfRun(one, "list_files", {})).text).toContain("of-run");
  expect((await callOfRun(other, "list_files", {})).text).toBe("0 files, 0 bytes");
});

test("many changes at once are all there, one after the other", async () => {
  const { call } = await openBench();
  const paths = Array.from({ length: 24 }, (_, at) => `f${at}`);
  const written = await Promise.all(paths.map((path) => call("write_file", { path, text: path })));
  expect(written.every(({ isError }) => !isError)).toBe(true);
  expect((await call("list_files")).text).toMatch(/^24 files/);
  const befores = new Set(written.map(({ workspace }) => workspace!.before));
  expect(befores.size).toBe(paths.length);
});

test("what the store holds shows neither names nor contents", async () => {
  const bench = await openBench();
  const puts: Uint8Array[] = [];
  const { put } = bench.store.workspaces;
  bench.store.workspaces.put = async (change) => {
    puts.push(...change.blobs.values());
    return put(change);
  };
  await bench.call("write_file", { path: "canary-name.txt", text: "canary-content" });
  expect(puts).toHaveLength(2);
  for (const bytes of puts) expect(Buffer.from(bytes).includes("canary")).toBe(false);
});
