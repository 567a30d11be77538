import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmbeddedPostgres } from "../../adapters/embedded-postgres/embedded-postgres.ts";
import { connect } from "../../adapters/postgres/connection.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { fail, ok, warn, type Finding } from "./probe.ts";

export interface PostgresTools {
  readonly clock: Clock;
  readonly random: Random;
}

const oldestMajor = 14;
/** Leases and expiries compare times that two machines wrote; beyond this they mislead. */
const maxSkewMs = 1_000;
const statementTimeoutMs = 5_000;

/** The embedded binaries, tried whole: a database is made, started, asked and thrown away. */
export async function lookAtEmbedded(tools: PostgresTools): Promise<Finding> {
  const directory = await mkdtemp(path.join(tmpdir(), "countersign-doctor-"));
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir: path.join(directory, "postgres"),
      ...tools,
      log: () => undefined,
    });
    try {
      return await lookAtUrl(postgres.url, tools.clock);
    } finally {
      await postgres.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A Postgres that answers: its version, and whether its clock is ours. */
export async function lookAtUrl(url: string, clock: Clock): Promise<Finding> {
  const client = await connect({ url, name: "doctor", statementTimeoutMs });
  try {
    const askedMs = clock.nowMs();
    const { rows } = await client.query<{ version: string; now: string }>(
      "select current_setting('server_version') as version, extract(epoch from clock_timestamp()) * 1000 as now",
    );
    const answeredMs = clock.nowMs();
    const { version, now } = rows[0]!;
    // Somewhere between question and answer: the middle is the best guess.
    const skewMs = Math.round(Number(now) - (askedMs + answeredMs) / 2);
    const what = `version ${version} answers, its clock ${skewMs < 0 ? "behind" : "ahead"} by ${Math.abs(skewMs)} ms`;
    if (Number.parseInt(version, 10) < oldestMajor) {
      return fail(what, `Use Postgres ${oldestMajor} or newer.`);
    }
    return Math.abs(skewMs) <= maxSkewMs
      ? ok(what)
      : warn(what, "Synchronise the clocks of both machines (NTP).");
  } finally {
    await client.end();
  }
}
