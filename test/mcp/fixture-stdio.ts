import { createInterface } from "node:readline";
import { createFixtureLines } from "./fixture-lines.ts";
import type { Era } from "./fixture-server.ts";

/** The fixture as a program: `node fixture-stdio.ts modern|legacy`. */
const take = createFixtureLines(process.argv[2] as Era, (message) =>
  process.stdout.write(`${JSON.stringify(message)}\n`),
);
createInterface({ input: process.stdin }).on("line", (text) =>
  take(JSON.parse(text) as Record<string, unknown>),
);
