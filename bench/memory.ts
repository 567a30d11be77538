import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../src/adapters/embedded-postgres/embedded-postgres.ts";
import {
  openMemoryExtensions,
  type MemoryExtensions,
} from "../src/adapters/postgres/memory-extensions.ts";
import { toEmbedderText, toRealArray } from "../src/adapters/postgres/memory-vector.ts";
import { migratePostgres } from "../src/adapters/postgres/migrate.ts";
import { createPostgresMemory } from "../src/adapters/postgres/postgres-memory.ts";
import { systemClock } from "../src/adapters/system/system-clock.ts";
import { systemRandom } from "../src/adapters/system/system-random.ts";
import { splitWords } from "../src/lib/split-words.ts";
import { createLexicalEmbedder } from "../src/memory/lexical-embedder.ts";
import { toEmbeddedText } from "../src/memory/memories.ts";
import type { TenantId } from "../src/model/index.ts";
import type { Memory } from "../src/ports/memory.ts";
import { createSeededRandom } from "../src/ports/seeded-random.ts";
import type { Progress } from "./main.ts";
import { readPostgresCpuSeconds } from "./process-cpu.ts";
import { readMachine, toQuantile, type Report } from "./report.ts";

const rowCount = 20_000;
const searches = 60;
const warmUps = 5;
const tenant = "bench" as TenantId;
const embedder = createLexicalEmbedder();
const random = createSeededRandom(20);
const { signal } = new AbortController();

/** As often as English has them, so that groups of three are about as rare as there. */
const letters =
  "eeeeeeeeeeeetttttttttaaaaaaaaoooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddlllluuucccmmmwwffggyyppbbvk";
/** As often as words of a language are: the n-th about as often as 1/n. */
const vocabulary = Array.from({ length: 30_000 }, (_, at) => toWord(at));
const place = (scope: string) => ({ tenant, scope });

/** Hybrid search over a scope of twenty thousand memories, and over a small one beside it. */
export async function measureMemory(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const directory = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  const telemetry = { count() {}, observe() {}, gauge() {}, log() {} };
  const postgres = await startEmbeddedPostgres({
    dataDir: path.join(directory, "pg"),
    clock: systemClock,
    random: systemRandom,
    log: () => {},
  });
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4 });
  try {
    await migratePostgres({ url: postgres.url });
    const extensions = await openMemoryExtensions({ url: postgres.url, telemetry });
    await fill(pool, "agent:large", rowCount);
    await fill(pool, "subject:small", 500);
    await pool.query("vacuum analyze countersign.memories");
    progress("filled");
    const rows = [];
    for (const regime of listRegimes(extensions)) {
      const parts = {
        pool,
        searches: pool,
        clock: systemClock,
        random: systemRandom,
        withinMs: 15_000,
      };
      const memory = createPostgresMemory({ ...parts, extensions: regime.extensions });
      const row = await measure(memory, { ...regime, postmaster: postgres.pid });
      progress(JSON.stringify(row));
      rows.push(row);
    }
    const about = `${searches} searches a row, one after the other, after ${warmUps} to warm up; memories of some 40 words each, Zipf-distributed over ${vocabulary.length} words; the query is embedded (${embedder.id}) within the time.`;
    return { name: "Memory: hybrid search", about, machine, rows, notes: toNotes(extensions) };
  } finally {
    await pool.end();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

type QueryKind = "words" | "misspelt" | "common words";

interface Regime {
  readonly scope: string;
  readonly rows: number;
  readonly kind: QueryKind;
  readonly extensions: MemoryExtensions;
}

function listRegimes(extensions: MemoryExtensions): readonly Regime[] {
  const kinds: readonly QueryKind[] = ["words", "misspelt", "common words"];
  const exact = { ...extensions, vectors: null };
  const large = kinds.map((kind) => ({ scope: "agent:large", rows: rowCount, kind }));
  const small = { scope: "subject:small", rows: 500, kind: "words" } as const;
  const ways = extensions.vectors === null ? [exact] : [exact, extensions];
  return ways.flatMap((way) => [...large, small].map((each) => ({ ...each, extensions: way })));
}

function toNotes({ trigrams, vectors }: MemoryExtensions): readonly string[] {
  return [
    trigrams === null ? "pg_trgm: NOT THERE." : "pg_trgm: there.",
    vectors === null ? "pgvector: NOT RUN, this Postgres has none." : "pgvector: there.",
    "Without pgvector vectors of the large scope are compared for what words had found; of the small one all are.",
  ];
}

async function measure(
  memory: Memory,
  { scope, rows, kind, extensions, postmaster }: Regime & { readonly postmaster: number },
): Promise<Report["rows"][number]> {
  const latencies: number[] = [];
  let hits = 0;
  let cpu = process.cpuUsage();
  let postgres = readPostgresCpuSeconds(postmaster) ?? Number.NaN;
  for (let at = -warmUps; at < searches; at += 1) {
    if (at === 0) {
      cpu = process.cpuUsage();
      postgres = readPostgresCpuSeconds(postmaster) ?? Number.NaN;
    }
    const text = toQuery(kind);
    const startedMs = performance.now();
    const [vector = null] = await embedder.embed([text], signal);
    const by = { language: "english", embedder, leastLikeness: embedder.leastLikeness } as const;
    const found = await memory.search(place(scope), { ...by, text, vector, limit: 10 });
    if (at < 0) continue;
    latencies.push(performance.now() - startedMs);
    hits += found.hits.length;
  }
  const used = process.cpuUsage(cpu);
  const ofPostgres = (readPostgresCpuSeconds(postmaster) ?? Number.NaN) - postgres;
  const sorted = Float64Array.from(latencies).toSorted();
  return {
    rows,
    query: kind,
    vectors: extensions.vectors === null ? "exact" : "pgvector",
    "p50 ms": Number(toQuantile(sorted, 0.5).toFixed(1)),
    "p95 ms": Number(toQuantile(sorted, 0.95).toFixed(1)),
    "Node ms CPU/search": Number(((used.user + used.system) / 1_000 / searches).toFixed(2)),
    "Postgres ms CPU/search": Number(((ofPostgres * 1_000) / searches).toFixed(2)),
    "hits/search": Number((hits / searches).toFixed(1)),
  };
}

async function fill(pool: pg.Pool, scope: string, count: number): Promise<void> {
  const atOnce = 500;
  for (let from = 0; from < count; from += atOnce) {
    const rows = Array.from({ length: atOnce }, (_, at) => {
      const key = `key-${from + at}`;
      return { key, text: Array.from({ length: 40 }, pickWord).join(" ") };
    });
    const vectors = await embedder.embed(rows.map(toEmbeddedText), signal);
    // As `write` writes them, many at once.
    await pool.query(
      `insert into countersign.memories (tenant, scope, key, subject, text, labels, source,
          embedder, embedding, words, created_at, updated_at)
        select $1, $2, key, 's', text, '{}', '\\x00', $3, vector::real[],
          to_tsvector('simple', words) || to_tsvector('english', words), 0, 0
        from unnest($4::text[], $5::text[], $6::text[], $7::text[]) as r(key, text, words, vector)`,
      [
        tenant,
        scope,
        toEmbedderText(embedder),
        rows.map(({ key }) => key),
        rows.map(({ text }) => text),
        rows.map(({ key, text }) => splitWords(`${key} ${text}`).join(" ")),
        vectors.map(toRealArray),
      ],
    );
  }
  await pool.query("insert into countersign.memory_scopes values ($1, $2, $3, 0)", [
    tenant,
    scope,
    count,
  ]);
}

function toQuery(kind: QueryKind): string {
  if (kind === "common words")
    return Array.from({ length: 4 }, (_, at) => vocabulary[at]).join(" ");
  const words = Array.from({ length: 4 }, pickWord);
  if (kind === "words") return words.join(" ");
  return words
    .map((word) => `${word.slice(0, 2)}${word.slice(3, 4)}${word.slice(2, 3)}${word.slice(4)}`)
    .join(" ");
}

function pickWord(): string {
  return vocabulary[Math.floor(vocabulary.length ** random.fraction()) - 1]!;
}

/** The more often a word is used the shorter it is. */
function toWord(number: number): string {
  const length = 3 + Math.floor(Math.log2(number + 2) / 2.5) + Math.floor(random.fraction() * 4);
  const pick = () => letters[Math.floor(random.fraction() * letters.length)]!;
  return Array.from({ length }, pick).join("");
}
