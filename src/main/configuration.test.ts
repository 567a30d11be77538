import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  createRevisions,
  createScene,
  startReplica,
  type Scene,
  type TestParts,
} from "../../test/configuration/start-configuration.ts";
import { Fault, toDigest } from "../model/index.ts";
import { createInMemoryBus } from "../ports/in-memory-bus.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { Running } from "./start-parts.ts";

const atLevel = (level: string): string => `version: 1\nlog: {level: ${level}}\n`;

async function open(level = "info") {
  const scene = createScene();
  const store = createRevisions();
  const configuration = await startReplica(scene, {
    document: atLevel(level),
    revisions: store.revisions,
  });
  return { scene, store, configuration };
}

/** Newest first. */
async function rowsOf({ revisions }: ReturnType<typeof createRevisions>) {
  return revisions.list(1000);
}

const logOf = ({ telemetry }: Scene): unknown[] =>
  telemetry.lines.map((line): unknown => JSON.parse(line));

test("the first start enters the file's revision and serves it", async () => {
  const { configuration, store, scene } = await open();
  expect(await rowsOf(store)).toHaveLength(1);
  expect(configuration.current()).toEqual(await store.revisions.current());
  expect(configuration.live().parts).toBe(scene.parts[0]);
  expect(configuration.live().config.log.level).toBe("info");
  expect(Object.isFrozen(configuration.live().config.limits)).toBe(true);
});

test("a second start with the same file adds no revision", async () => {
  const { store } = await open();
  const scene = createScene();
  await startReplica(scene, { document: `# same\n${atLevel("info")}`, revisions: store.revisions });
  expect(await rowsOf(store)).toHaveLength(1);
  expect(logOf(scene)).toEqual([]);
});

test("replicas that start together with the same file enter it once", async () => {
  const store = createRevisions();
  const starting = Array.from({ length: 5 }, () =>
    startReplica(createScene(), { document: atLevel("info"), revisions: store.revisions }),
  );
  const replicas = await Promise.all(starting);
  const [row, ...more] = await rowsOf(store);
  expect(more).toEqual([]);
  for (const replica of replicas) expect(replica.current()).toEqual(row);
});

test("replicas that start together with other files end on one revision", async () => {
  const store = createRevisions();
  const bus = createInMemoryBus();
  const levels = ["debug", "info", "warn", "error"];
  const starting = levels.map((level) =>
    startReplica(createScene(bus), { document: atLevel(level), revisions: store.revisions }),
  );
  const replicas = await Promise.all(starting);
  bus.interrupt();
  const head = (await store.revisions.current())!.digest;
  await expect.poll(() => replicas.every((each) => each.current().digest === head)).toBe(true);
});

test("at start a changed file becomes the revision, and the log says what it replaced", async () => {
  const { store } = await open();
  const scene = createScene();
  await startReplica(scene, { document: atLevel("debug"), revisions: store.revisions });
  expect(await rowsOf(store)).toHaveLength(2);
  const [, replaced] = await rowsOf(store);
  expect(logOf(scene)).toMatchObject([
    { level: "warn", replaced: replaced!.digest, keys: ["log.level"] },
  ]);
});

test("at start a wrong file is refused with its problems, and the store stays as it is", async () => {
  const { store } = await open();
  const opening = startReplica(createScene(), {
    document: "version: 1\nlisten: nowhere\n",
    revisions: store.revisions,
  });
  await expect(opening).rejects.toMatchObject({
    code: "config_invalid",
    details: { problems: [{ line: 2, key: "listen" }] },
  });
  expect(await rowsOf(store)).toHaveLength(1);
});

test("at start a file whose parts do not start leaves the store as it is", async () => {
  const { store } = await open();
  const scene = createScene();
  scene.startFault = new Fault("secret_unresolved", "env://NOTHING is not set.");
  const opening = startReplica(scene, { document: atLevel("debug"), revisions: store.revisions });
  await expect(opening).rejects.toBe(scene.startFault);
  expect(await rowsOf(store)).toHaveLength(1);
});

test("plan says what would change and changes nothing", async () => {
  const { configuration, store } = await open();
  const base = configuration.current().digest;
  const plan = await configuration.plan(
    "version: 1\nlisten: 127.0.0.1:8080\nlog: {level: debug}\n",
  );
  expect(plan).toMatchObject({
    kind: "valid",
    base,
    changes: [
      { key: "listen", before: "127.0.0.1:7070", after: "127.0.0.1:8080", restart: true },
      { key: "log.level", before: "info", after: "debug", restart: false },
    ],
  });
  expect(configuration.current().digest).toBe(base);
  expect(await rowsOf(store)).toHaveLength(1);
  expect(await configuration.plan("version: 3")).toMatchObject({ kind: "invalid" });
});

test("apply swaps the parts and stops the old ones", async () => {
  const { configuration, scene, store } = await open();
  const base = configuration.current().digest;
  const applied = await configuration.apply(atLevel("debug"), base);
  expect(applied).toEqual({ kind: "applied", digest: (await store.revisions.current())!.digest });
  expect(configuration.live().parts).toEqual({ level: "debug", running: true });
  await expect.poll(() => scene.parts[0]!.running).toBe(false);
});

test("going back to an earlier revision is a change like any other", async () => {
  const { configuration } = await open();
  const first = configuration.current().digest;
  await configuration.apply(atLevel("debug"), first);
  const applied = await configuration.apply(atLevel("info"), configuration.current().digest);
  expect(applied).toEqual({ kind: "applied", digest: first });
  expect(configuration.live().parts).toEqual({ level: "info", running: true });
});

test("applying what already serves changes nothing", async () => {
  const { configuration, scene, store } = await open();
  const base = configuration.current().digest;
  expect(await configuration.apply(`# c\n${atLevel("info")}`, base)).toEqual({
    kind: "unchanged",
    digest: base,
  });
  expect([scene.parts.length, (await rowsOf(store)).length]).toEqual([1, 1]);
});

test("a change planned on another revision is stale", async () => {
  const { configuration, scene } = await open();
  const current = configuration.current().digest;
  const applied = await configuration.apply(atLevel("debug"), toDigest("another"));
  expect(applied).toEqual({ kind: "stale", current });
  expect(scene.parts).toHaveLength(1);
});

test("of changes planned on the same revision exactly one is applied", async () => {
  const { configuration, store, scene } = await open();
  const base = configuration.current().digest;
  const levels = ["debug", "warn", "error"];
  const ends = await Promise.all(levels.map((level) => configuration.apply(atLevel(level), base)));
  expect(ends.map(({ kind }) => kind).toSorted()).toEqual(["applied", "stale", "stale"]);
  expect(await rowsOf(store)).toHaveLength(2);
  expect(scene.parts.filter(({ running }) => running)).toHaveLength(1);
});

test("a revision that does not start leaves the old one serving", async () => {
  const { configuration, scene, store } = await open();
  const before = configuration.live();
  scene.startFault = new Error("no such directory");
  expect(await configuration.apply(atLevel("debug"), null)).toEqual({
    kind: "unstartable",
    reason: "no such directory",
    current: before.revision.digest,
  });
  expect(configuration.live()).toBe(before);
  expect(before.parts.running).toBe(true);
  expect(await rowsOf(store)).toHaveLength(1);
});

test("what only a new process can change is refused with its keys", async () => {
  const { configuration, scene } = await open();
  const document =
    "version: 1\nlisten: 127.0.0.1:1\nlimits: {headerSize: 8KiB}\nstore: {kind: embedded, directory: x}\n";
  const applied = await configuration.apply(document, null);
  expect(applied).toMatchObject({
    kind: "unstartable",
    reason:
      "A running process cannot change limits.headerSize, listen, store.directory: write it to countersign.yaml and restart.",
  });
  expect(scene.parts).toHaveLength(1);
});

test("a revision that takes a minute to start is given up, and stopped when it comes up after all", async () => {
  const scene = createScene();
  const { revisions } = createRevisions();
  const clock = createManualClock(1_000);
  const late = Promise.withResolvers<Running<TestParts>>();
  const signals: AbortSignal[] = [];
  const start = async (_: unknown, signal: AbortSignal): Promise<Running<TestParts>> => {
    signals.push(signal);
    if (signals.length > 1) return late.promise;
    return { parts: { level: "info", running: true }, stop: async () => undefined };
  };
  const configuration = await startReplica(scene, {
    document: atLevel("info"),
    revisions,
    start,
    clock,
  });
  const applying = configuration.apply(atLevel("debug"), null);
  await expect.poll(() => clock.sleeping).toBe(1);
  clock.advance(60_000);
  expect(await applying).toMatchObject({ kind: "unstartable" });
  expect(signals[1]!.aborted).toBe(true);
  let stopped = false;
  late.resolve({
    parts: { level: "debug", running: true },
    stop: async () => {
      stopped = true;
    },
  });
  await expect.poll(() => stopped).toBe(true);
  expect(configuration.live().config.log.level).toBe("info");
});

test("when the row cannot be written the new parts are stopped and the old ones serve", async () => {
  const { configuration, scene, store } = await open();
  store.trouble.fault = new Fault("store_unavailable", "Postgres does not answer.");
  await expect(configuration.apply(atLevel("debug"), null)).rejects.toBe(store.trouble.fault);
  expect(scene.parts.map(({ running }) => running)).toEqual([true, false]);
  expect(configuration.live().parts.level).toBe("info");
  store.trouble.fault = null;
  expect(await configuration.apply(atLevel("debug"), null)).toMatchObject({ kind: "applied" });
});

test("parts that fail to stop are reported, and nothing else suffers", async () => {
  const { configuration, scene } = await open();
  scene.stopFault = new Error("stuck");
  await configuration.apply(atLevel("debug"), null);
  await expect
    .poll(() => logOf(scene))
    .toMatchObject([{ message: "parts of an old revision failed to stop" }]);
  scene.stopFault = null;
  expect(await configuration.apply(atLevel("warn"), null)).toMatchObject({ kind: "applied" });
});

test("another replica's revision is followed as soon as it is applied", async () => {
  const { configuration: first, scene, store } = await open();
  const second = await startReplica(createScene(scene.bus), {
    document: atLevel("info"),
    revisions: store.revisions,
  });
  await first.apply(atLevel("debug"), null);
  await expect.poll(() => second.current().digest).toBe(first.current().digest);
  expect(second.live().parts.level).toBe("debug");
});

test("a replica that missed the hint catches up before it applies", async () => {
  const { configuration: first, store } = await open();
  const second = await startReplica(createScene(), {
    document: atLevel("info"),
    revisions: store.revisions,
  });
  const base = first.current().digest;
  await first.apply(atLevel("debug"), base);
  const current = first.current().digest;
  expect(await second.apply(atLevel("warn"), base)).toEqual({ kind: "stale", current });
  expect(second.current().digest).toBe(current);
  expect(await second.apply(atLevel("warn"), current)).toMatchObject({ kind: "applied" });
  expect(await first.follow()).toBe("followed");
  expect(await first.follow()).toBe("current");
});

test("a replica that cannot follow keeps serving, says so once, and accepts no change on top", async () => {
  const { configuration: first, store } = await open();
  const scene = createScene();
  const second = await startReplica(scene, {
    document: atLevel("info"),
    revisions: store.revisions,
  });
  await first.apply(atLevel("debug"), null);
  scene.startFault = new Error("no such directory");
  expect([await second.follow(), await second.follow()]).toEqual(["refused", "refused"]);
  expect(logOf(scene)).toMatchObject([{ level: "error", reason: "no such directory" }]);
  expect(await second.apply(atLevel("warn"), second.current().digest)).toEqual({
    kind: "stale",
    current: first.current().digest,
  });
  expect(second.live().parts).toEqual({ level: "info", running: true });
});

test("a stored revision that this version cannot read is not followed", async () => {
  const { configuration, scene, store } = await open();
  const bytes = new TextEncoder().encode('{"version":2}');
  const row = { digest: toDigest(bytes), bytes, appliedAtMs: 1 };
  await store.revisions.apply(row, configuration.current().digest);
  expect(await configuration.follow()).toBe("refused");
  expect(logOf(scene)).toMatchObject([{ level: "error" }]);
  expect(scene.telemetry.value("config_follows", { outcome: "refused" })).toBe(1);
});

test("losing the race for the row to another replica is stale, and the parts are stopped", async () => {
  const { configuration: first, store, scene } = await open();
  const second = await startReplica(createScene(), {
    document: atLevel("info"),
    revisions: store.revisions,
  });
  let raced = false;
  store.trouble.before = async () => {
    if (raced) return;
    raced = true;
    await second.apply(atLevel("warn"), null);
  };
  expect(await first.apply(atLevel("debug"), null)).toEqual({
    kind: "stale",
    current: second.current().digest,
  });
  expect(scene.parts.map(({ level, running }) => [level, running])).toEqual([
    ["info", true],
    ["debug", false],
  ]);
});

test("after close nothing is applied, and the parts are stopped", async () => {
  const { configuration, scene } = await open();
  await configuration.close();
  await configuration.close();
  expect(scene.parts[0]!.running).toBe(false);
  await expect(configuration.apply(atLevel("debug"), null)).rejects.toMatchObject({
    code: "draining",
  });
});

test("too many changes at once: the bound is answered, the rest go through", async () => {
  const { configuration } = await open();
  const levels = ["debug", "warn", "error", "info"];
  const applying = Array.from({ length: 40 }, (_, index) =>
    configuration.apply(atLevel(levels[index % 4]!), null),
  );
  const ends = await Promise.allSettled(applying);
  const busy = ends.filter((end) => end.status === "rejected");
  expect(busy.length).toBe(40 - 17);
  expect(busy.every(({ reason }) => (reason as Fault).code === "config_busy")).toBe(true);
});

test("I15: readers see exactly one whole revision while 200 swaps go on under load", async () => {
  const { configuration, scene } = await open();
  let swapping = true;
  let reads = 0;
  const reader = async (): Promise<void> => {
    while (swapping) {
      const live = configuration.live();
      // Parts, config and revision are of one revision, before and after a wait.
      const document = JSON.parse(new TextDecoder().decode(live.revision.bytes));
      expect(document.log.level).toBe(live.config.log.level);
      expect(live.parts.level).toBe(live.config.log.level);
      expect(toDigest(live.revision.bytes)).toBe(live.revision.digest);
      expect(configuration.live().parts.running).toBe(true);
      reads += 1;
      await sleep(0);
    }
  };
  const readers = Array.from({ length: 20 }, reader);
  const levels = ["debug", "warn", "error", "info"];
  for (let index = 0; index < 200; index++) {
    scene.startFault = index % 10 === 9 ? new Error("does not start") : null;
    await configuration.apply(atLevel(levels[index % 4]!), configuration.current().digest);
    if (index % 5 === 0) await sleep(0);
  }
  swapping = false;
  await Promise.all(readers);
  expect(reads).toBeGreaterThan(200);
  expect(scene.parts.filter(({ running }) => running)).toHaveLength(1);
});
