import { createServer } from "node:net";
import { attach } from "./attach.ts";
import { createChannels } from "./channels.ts";
import { createFrameReader, kinds, mostPayload, streams, toFrame, type Frame } from "./frames.ts";
import { startProgram, warmUp, type Program } from "./program.ts";
import { places, type AttachRequest, type StartRequest } from "./start-request.ts";
import { openWire } from "./wire.ts";

/**
 * The first program of a machine, and root in it. It starts one program, once, and carries its streams and
 * connections to the host. It runs before the machine is copied, so it decides nothing by chance.
 */
const [, , port = "", version = ""] = process.argv;

const wire = openWire(port === "" ? null : port, (chunk) => read(chunk));
const send = (stream: number, kind: number, payload: Uint8Array): void =>
  wire.send(toFrame(stream, kind, payload));
const tell = (kind: number, value: unknown): void =>
  send(streams.control, kind, Buffer.from(JSON.stringify(value)));
const channels = createChannels(send);
const read = createFrameReader({
  most: () => mostPayload,
  take,
  // The host does not do this: the machine is of no use any more.
  breach: () => process.exit(5),
});

let program: Program | null = null;
let nextConnection: number = streams.firstConnection;
const mostConnections = 256;

function take(frame: Frame): void {
  const { kind, payload } = frame;
  if (frame.stream !== streams.control) {
    if (channels.take(frame) !== null) process.exit(5);
  } else if (kind === kinds.attach) {
    tell(kinds.attached, attach(JSON.parse(payload.toString()) as AttachRequest));
  } else if (kind === kinds.start) {
    void begin(JSON.parse(payload.toString()) as StartRequest);
  } else if (kind === kinds.signal) {
    program?.terminate();
  }
}

async function begin(request: StartRequest): Promise<void> {
  try {
    if (request.isWarmUp) {
      await warmUp(request);
      return tell(kinds.ended, null);
    }
    if (request.hasProxy) await listen(request.proxyPort);
    const started = await startProgram(request, places.group);
    program = started;
    tell(kinds.started, {});
    started.stdout.pipe(channels.open(streams.stdout, "out"));
    started.stderr.pipe(channels.open(streams.stderr, "out"));
    channels.open(streams.stdin, "in").pipe(started.stdin);
    tell(kinds.ended, await started.ended);
  } catch (error) {
    tell(kinds.refused, { reason: error instanceof Error ? error.message : String(error) });
  }
}

/** Each connection to the proxy goes to the host, which decides on it. */
function listen(at: number): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const stream = nextConnection;
    nextConnection += 1;
    send(stream, kinds.open, new Uint8Array(0));
    const channel = channels.open(stream, "both");
    socket.on("error", () => channel.destroy());
    channel.on("close", () => socket.destroy());
    socket.pipe(channel).pipe(socket);
  });
  server.maxConnections = mostConnections;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: at, backlog: 128 }, resolve);
  });
}

tell(kinds.ready, { version });
