import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "@hono/node-server";
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
} from "@modelcontextprotocol/server";
import { readOptions } from "./answers.ts";
import { bookingEntrySchema, createBookingsServer } from "./bookings-server.ts";
import { openJournal } from "./journal.ts";

/** The bookings over HTTP on loopback. It says its URL in one line on standard output. */
const { directory, port, withParent, after } = readOptions();
const journal = openJournal(path.join(directory, "bookings.jsonl"), bookingEntrySchema);
const mcp = createMcpHandler(() => createBookingsServer(journal), {
  onerror: (error) => void process.stderr.write(`${error.message}\n`),
});

const server = serve(
  {
    hostname: "127.0.0.1",
    port,
    // A page in a browser of this machine must not book.
    fetch: (request) =>
      hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
      originValidationResponse(request, localhostAllowedOrigins()) ??
      (new URL(request.url).pathname === "/mcp"
        ? mcp.fetch(request)
        : new Response("The server is at /mcp.", { status: 404 })),
  },
  ({ port: taken }) => {
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${taken}/mcp` })}\n`);
  },
);

server.once("error", (error: NodeJS.ErrnoException) => {
  const why = error.code === "EADDRINUSE" ? `Port ${port} of 127.0.0.1 is taken.` : error.message;
  process.stderr.write(`bookings: ${why}\n`);
  process.exit(1);
});

/** What is written is on disk already, so nobody is waited for. */
function stop(): void {
  server.close(() => process.exit(0));
  if ("closeAllConnections" in server) server.closeAllConnections();
}

process.once("SIGTERM", stop);
process.once("SIGINT", stop);

const lookAgainMs = 100;
const waitAtMostMs = 30_000;

/** Countersign ends what is under way, and may call for as long. */
async function stopAfter(file: string | null): Promise<void> {
  const pid = file === null ? null : Number(readFileSync(file, "utf8"));
  for (let ms = 0; pid !== null && isRunning(pid) && ms < waitAtMostMs; ms += lookAgainMs) {
    await sleep(lookAgainMs);
  }
  stop();
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

// Whoever started it holds its standard input: it ends when that process does, however that ends.
if (withParent) process.stdin.once("end", () => void stopAfter(after).catch(stop)).resume();
