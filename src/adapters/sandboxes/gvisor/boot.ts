import { spawn } from "node:child_process";
import { createServer, Socket } from "node:net";
import { constants } from "node:os";

/**
 * The first program of a sandbox that may reach something: it listens inside, carries each connection over
 * its channel to whoever decides on it, and starts the program. `carry.ts` has the other end, and does not
 * believe what is said here: the program may have taken this one over.
 */
const kinds = { up: 1, begin: 2, open: 3, bytes: 4, more: 5, end: 6, close: 7 };
const headBytes = 9;
const windowBytes = 64 * 1024;
const mostConnections = 256;

const [, , port = "", program = "", ...args] = process.argv;
const channel = new Socket({ fd: 3, readable: true, writable: true });
const carried = new Map<number, Carried>();
let last = 0;

interface Carried {
  readonly take: (kind: number, bytes: Buffer) => void;
  readonly drop: () => void;
}

function send(kind: number, id: number, bytes: Uint8Array = new Uint8Array(0)): void {
  const frame = Buffer.allocUnsafe(headBytes + bytes.length);
  frame.writeUInt32BE(headBytes - 4 + bytes.length, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32BE(id, 5);
  frame.set(bytes, headBytes);
  channel.write(frame);
}

function toNumber(count: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(count);
  return bytes;
}

function carry(socket: Socket): void {
  last += 1;
  const id = last;
  let waiting: Buffer[] = [];
  let credit = windowBytes;
  let hasEnded = false;
  const flush = (): void => {
    for (let first = waiting[0]; first !== undefined && credit > 0; first = waiting[0]) {
      const part = first.subarray(0, credit);
      send(kinds.bytes, id, part);
      credit -= part.length;
      if (part.length < first.length) waiting[0] = first.subarray(part.length);
      else waiting.shift();
    }
    if (waiting.length > 0) return void socket.pause();
    socket.resume();
    if (hasEnded) send(kinds.end, id);
    hasEnded = false;
  };
  send(kinds.open, id);
  socket.on("data", (chunk: Buffer) => {
    waiting.push(chunk);
    flush();
  });
  socket.on("end", () => {
    hasEnded = true;
    flush();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    waiting = [];
    if (carried.delete(id)) send(kinds.close, id);
  });
  carried.set(id, {
    drop: () => socket.destroy(),
    take: (kind, bytes) => {
      if (kind === kinds.bytes)
        socket.write(bytes, () => send(kinds.more, id, toNumber(bytes.length)));
      else if (kind === kinds.more) {
        credit += bytes.readUInt32BE(0);
        flush();
      } else if (kind === kinds.end) socket.end();
      else {
        carried.delete(id);
        // What has come for it before is still handed over.
        socket.destroySoon();
      }
    },
  });
}

const server = createServer({ allowHalfOpen: true, noDelay: true }, carry);
server.maxConnections = mostConnections;
server.listen({ host: "127.0.0.1", port: Number(port), backlog: 128 }, () => send(kinds.up, 0));

/** With the variables that are meant for it; this one has run without any. */
function begin(environment: NodeJS.ProcessEnv): void {
  const child = spawn(program, args, { env: environment, stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.on(signal, () => child.kill(signal));
  child.once("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(127);
  });
  child.once("exit", (code, signal) =>
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
  );
}

function take(kind: number, id: number, bytes: Buffer): void {
  if (kind === kinds.begin) begin(JSON.parse(bytes.toString("utf8")) as NodeJS.ProcessEnv);
  else carried.get(id)?.take(kind, bytes);
}

let held: Buffer = Buffer.alloc(0);
channel.on("data", (chunk: Buffer) => {
  held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
  while (held.length >= headBytes) {
    const bytes = held.readUInt32BE(0) + 4;
    if (held.length < bytes) break;
    take(held.readUInt8(4), held.readUInt32BE(5), held.subarray(headBytes, bytes));
    held = held.subarray(bytes);
  }
});
channel.on("error", () => undefined);
// Nobody decides on connections any more.
channel.on("close", () => {
  for (const { drop } of carried.values()) drop();
});
