import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { expect, test, vi } from "vitest";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { usePostgres } from "../postgres.ts";
import { scaled, seed } from "../scale.ts";
import { startCountedServers } from "./counted-servers.ts";
import { openSession, sendModern, type Ending } from "./replica-clients.ts";
import { callerKey, startFleet } from "./replica-fleet.ts";

vi.setConfig({ testTimeout: 900_000 });
const postgres = usePostgres();

const calls = scaled({ test: 1_000, prove: 10_000 });
const minKills = scaled({ test: 3, prove: 25 });
const atOnce = 12;

/** What may become of a call while replicas die, when it is not answered: each says what to do next. */
const typed = new Set([
  "parked_lost",
  "upstream_lost",
  "upstream_unreachable",
  "deadline_exceeded",
  "call_late",
  "caller_busy",
  "draining",
]);

async function start(replicas: number) {
  const servers = await startCountedServers();
  const databaseUrl = await postgres.freshDatabase();
  const common = { transport: "http", private: true };
  const document = {
    gate: { concurrency: 200 },
    servers: {
      modern: { ...common, url: servers.modern, tools: { look: { effect: "read" } } },
      legacy: { ...common, url: servers.legacy },
    },
  };
  const fleet = await startFleet(replicas, { document, databaseUrl });
  return { servers, fleet, databaseUrl };
}

test("I4: a parked call is answered at another replica; once its owner died, it ends as lost and was not done", async () => {
  const { servers, fleet } = await start(2);
  // The first pick is where the call parks, the second where its answer lands.
  const alternating = () => {
    let picks = 0;
    return () => fleet.pick(picks++ % 2 === 0 ? 0 : 0.99);
  };
  const think = () => Promise.resolve();
  const target = { key: callerKey, pick: alternating(), think };
  expect(await sendModern(target, "legacy__confirm", 1)).toMatchObject({ outcome: "answered" });
  expect(servers.done.get(1)).toBe(1);

  let killed: Promise<void> | undefined;
  const whileKilling = async () => {
    killed = fleet.killOne(0);
    // It is out of the fleet at once, so the answer goes to the one that is left.
  };
  const mourned = { key: callerKey, pick: alternating(), think: whileKilling };
  expect(await sendModern(mourned, "legacy__confirm", 2)).toMatchObject({ outcome: "parked_lost" });
  expect(servers.done.has(2)).toBe(false);
  await killed;
});

test("I5: three replicas on one Postgres, killed at random: every call is answered or ends with a typed outcome, none is lost or doubled", async () => {
  const { servers, fleet, databaseUrl } = await start(3);
  const random = createSeededRandom(seed());
  const pick = () => fleet.pick(random.fraction());
  const think = () =>
    random.fraction() < 0.2 ? sleep(1_000 * random.fraction()) : Promise.resolve();
  const target = { key: callerKey, pick, think };
  const sessions = await Promise.all([1, 2, 3, 4].map(() => openSession(target)));

  const endings = new Map<number, Ending & { readonly isEffect: boolean }>();
  let next = 0;
  async function work(worker: number): Promise<void> {
    while (next < calls || fleet.kills() < minKills) {
      const n = next++;
      const kind = random.fraction();
      const session = sessions[worker % sessions.length]!;
      const ending =
        kind < 0.35
          ? sendModern(target, "modern__book", n)
          : kind < 0.55
            ? sendModern(target, "modern__look", n)
            : kind < 0.8
              ? session.call("modern__book", n)
              : kind < 0.92
                ? sendModern(target, "legacy__confirm", n)
                : session.call("legacy__confirm", n);
      endings.set(n, { ...(await ending), isEffect: kind < 0.35 || kind >= 0.55 });
    }
  }
  let isOver = false;
  const killing = (async () => {
    while (!isOver) {
      await sleep(300 + 700 * random.fraction());
      await fleet.killOne(random.fraction());
    }
  })();
  await Promise.all(Array.from({ length: atOnce }, (_, worker) => work(worker)));
  isOver = true;
  await killing;

  const counts: Record<string, number> = {};
  for (const [n, { outcome, replicaDied, isEffect }] of endings) {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    const done = servers.done.get(n) ?? 0;
    // None is doubled, and none that was answered is lost.
    if (isEffect) expect(done, `call ${n}, ${outcome}`).toBeLessThanOrEqual(1);
    if (isEffect && outcome === "answered") expect(done, `call ${n}`).toBe(1);
    if (/^(?:upstream_unreachable|call_late)$/.test(outcome)) expect(done, `call ${n}`).toBe(0);
    // A connection breaks off with the replica that it led to, and never otherwise.
    if (outcome === "cut") expect(replicaDied, `call ${n}`).toBe(true);
    else if (outcome !== "answered") expect(typed, `call ${n}`).toContain(outcome);
  }
  const entries = await readEntries(databaseUrl);
  console.log(
    `${endings.size} calls, ${fleet.kills()} kills: ${JSON.stringify(counts)}; ` +
      `${entries.open} of ${entries.intents} intents without an outcome`,
  );
  expect(endings.size).toBeGreaterThanOrEqual(calls);
  expect(fleet.kills()).toBeGreaterThanOrEqual(minKills);
  expect(counts["answered"]).toBeGreaterThan(calls * 0.8);
  // Each answered effect has its intent and one outcome; what was cut has at least the intent.
  const effects = [...endings.values()].filter(({ isEffect }) => isEffect);
  const answered = effects.filter(({ outcome }) => outcome === "answered").length;
  expect(entries.intents).toBeGreaterThanOrEqual([...servers.done.keys()].length);
  expect(entries.answered).toBeGreaterThanOrEqual(answered);
  expect(entries.doubled).toBe(0);
  expect(entries.open).toBeLessThanOrEqual(effects.length - answered);
});

/** What the record says of effects: intents, their outcomes, and those that have none. */
async function readEntries(connectionString: string) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ entry: Record<string, unknown> }>(
      "select convert_from(bytes, 'UTF8')::json as entry from countersign.entries",
    );
    const entries = rows.map(({ entry }) => entry);
    const intents = entries.filter(({ kind }) => kind === "intent").map(({ id }) => id);
    const outcomes = entries.filter(({ kind, of }) => kind === "outcome" && of !== null);
    const ended = new Set(outcomes.map(({ of }) => of));
    return {
      intents: intents.length,
      answered: outcomes.filter(({ outcome }) => outcome === "answered").length,
      doubled: outcomes.length - ended.size,
      open: intents.filter((id) => !ended.has(id)).length,
    };
  } finally {
    await client.end();
  }
}
