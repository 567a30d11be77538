import { startEmbeddedPostgres } from "../src/adapters/embedded-postgres/embedded-postgres.ts";
import { systemClock } from "../src/adapters/system/system-clock.ts";
import { systemRandom } from "../src/adapters/system/system-random.ts";

// Run as a process of its own: starts the Postgres of the directory it is given, says so in one
// line of JSON, and waits to be killed.
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("usage: embedded-scenario.ts DIRECTORY");
try {
  const { url, pid, adopted } = await startEmbeddedPostgres({
    dataDir: directory,
    clock: systemClock,
    random: systemRandom,
    log: () => undefined,
  });
  process.stdout.write(`${JSON.stringify({ url, pid, adopted })}\n`);
  setInterval(() => undefined, 60_000);
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  process.stdout.write(`${JSON.stringify({ code, message })}\n`);
  process.exitCode = 1;
}
