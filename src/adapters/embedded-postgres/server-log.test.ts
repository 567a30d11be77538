import { appendFileSync, existsSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { useEmbedded } from "../../../test/embedded.ts";
import { boundServerLog } from "./server-log.ts";
import { createServerLogTail } from "./server-log-tail.ts";

const { makeDirectory, start, query } = useEmbedded();
const stamp = "2026-01-02 03:04:05.678 UTC [42] ";

test("warnings are passed on once and whole, what a query was told is not", () => {
  const file = path.join(makeDirectory(), "postgres.log");
  writeFileSync(file, `${stamp}WARNING:  of before\n`);
  const read = createServerLogTail(file);
  expect(read()).toEqual([]);
  appendFileSync(file, `${stamp}LOG:  checkpoint complete\n${stamp}WARNING:  out of `);
  expect(read()).toEqual([]);
  appendFileSync(
    file,
    `luck\n${stamp}ERROR:  duplicate key\n${stamp}DETAIL:  Key (n)=(secret) exists.\n` +
      `${stamp}STATEMENT:  insert into t values ('] PANIC: ')\n` +
      `${stamp}PANIC:  could not write to file "pg_wal": No space left on device\n` +
      `${stamp}LOG:  server process (PID 7) was terminated by signal 9: Killed\n`,
  );
  expect(read()).toEqual([
    { level: "warn", line: "WARNING:  out of luck" },
    {
      level: "error",
      line: 'PANIC:  could not write to file "pg_wal": No space left on device',
    },
    { level: "warn", line: "LOG:  server process (PID 7) was terminated by signal 9: Killed" },
  ]);
  expect(read()).toEqual([]);
});

test("a log that was cut is read from its start, and a flood is bounded", () => {
  const file = path.join(makeDirectory(), "postgres.log");
  const read = createServerLogTail(file);
  const warning = `${stamp}WARNING:  again\n`;
  appendFileSync(file, warning.repeat(100_000));
  expect(read()).toHaveLength(20);
  truncateSync(file, 0);
  appendFileSync(file, `${stamp}WARNING:  ${"x".repeat(10_000)}\n`);
  expect(read().map(({ line }) => line.length)).toEqual([500]);
});

test("a full log makes room and leaves one behind", () => {
  const file = path.join(makeDirectory(), "postgres.log");
  writeFileSync(file, Buffer.alloc(9 * 1024 * 1024));
  boundServerLog(file);
  expect(statSync(file).size).toBe(0);
  expect(statSync(`${file}.1`).size).toBe(9 * 1024 * 1024);
  expect(existsSync(`${file}.2`)).toBe(false);
});

test("the death of a backend reaches the log of the server", async () => {
  const lines: string[] = [];
  const { url } = await start(path.join(makeDirectory(), "pg"), lines);
  const [row] = (await query(
    url,
    "select pid from pg_stat_activity where backend_type = 'background writer'",
  )) as { pid: number }[];
  process.kill(row!.pid, "SIGKILL");
  await expect
    .poll(() => lines.join("\n"), { timeout: 10_000 })
    .toMatch(/^warn: LOG: {2}background writer process .* terminated by signal 9/m);
});
