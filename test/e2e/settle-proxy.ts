import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";
import pg from "pg";

/** What is durable of a call, and which side of it. */
export type DurableStep = "before_intent" | "after_intent" | "before_outcome" | "after_outcome";

export interface Hold {
  /** The step has come, and goes no further. */
  readonly hit: Promise<void>;
  /** It goes on; nothing more is held. */
  release(): void;
  /** What is held never goes on: its replica is dead. */
  drop(): void;
}

/** Stands between one replica and its Postgres, and can hold it at a commit. */
export interface SettleProxy {
  readonly url: string;
  /** The next one that comes to this step. */
  arm(step: DurableStep): Hold;
  close(): Promise<void>;
}

interface Armed {
  readonly step: DurableStep;
  readonly onHit: () => void;
  onRelease: (() => void) | null;
  isTaken: boolean;
}

export async function openSettleProxy(url: string): Promise<SettleProxy> {
  const target = new pg.Client(url);
  const sockets = new Set<Socket>();
  let armed: Armed | null = null;

  const server = createServer((near) => {
    const far = target.host.startsWith("/")
      ? createConnection(`${target.host}/.s.PGSQL.${target.port}`)
      : createConnection(target.port, target.host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    join(near, far, () => (armed?.isTaken === false ? armed : null));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const through = new URL("postgres://127.0.0.1");
  through.port = String((server.address() as AddressInfo).port);
  through.username = encodeURIComponent(target.user ?? "");
  through.password = encodeURIComponent(target.password ?? "");
  through.pathname = `/${target.database ?? ""}`;

  return {
    url: through.href,
    arm(step) {
      const { promise: hit, resolve: onHit } = Promise.withResolvers<void>();
      const own: Armed = { step, onHit, onRelease: null, isTaken: false };
      armed = own;
      return {
        hit,
        release() {
          own.isTaken = true;
          own.onRelease?.();
        },
        drop: () => void (own.isTaken = true),
      };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Passes whole messages on, in both directions, until one is to be held. */
function join(near: Socket, far: Socket, toArmed: () => Armed | null): void {
  const asking = createReader(true);
  let name = "";
  let claims = false;
  let asked: Buffer[] | null = null;
  let answered: Buffer[] | null = null;

  /** Which side of what is durable the message is: the intent's by its key, the outcome's by its lane. */
  function toPlace({ type, bytes }: Message): "intent" | "outcome" | null {
    if (type === "") name = bytes.toString("latin1");
    const text = bytes.toString("latin1");
    if (type === "Q" && text.includes("begin")) claims = false;
    if (type === "B" && text.includes("\0claim_key\0")) claims = true;
    if (type === "Q" && text.includes("commit") && claims) return "intent";
    const isLane = name.includes("countersign writer");
    return isLane && type === "B" && text.includes("\0entries_with_calls\0") ? "outcome" : null;
  }

  function hold(one: Armed, message: Buffer): void {
    one.isTaken = true;
    if (one.step.startsWith("before")) {
      asked = [message];
      one.onRelease = () => {
        for (const each of asked ?? []) far.write(each);
        asked = null;
      };
      return one.onHit();
    }
    const held: Buffer[] = (answered = []);
    one.onRelease = () => {
      answered = null;
      for (const each of held) near.write(each);
    };
    const reader = createReader(false);
    const whenDone = (chunk: Buffer): void => {
      if (!reader.read(chunk).some(({ type }) => type === "Z")) return;
      far.off("data", whenDone);
      one.onHit();
    };
    far.on("data", whenDone);
    far.write(message);
  }

  near.on("data", (chunk: Buffer) => {
    for (const message of asking.read(chunk)) {
      const place = toPlace(message);
      const one = toArmed();
      if (asked !== null) asked.push(message.bytes);
      else if (one !== null && place !== null && one.step.endsWith(place)) hold(one, message.bytes);
      else far.write(message.bytes);
    }
  });
  far.on("data", (chunk: Buffer) => {
    if (answered === null) near.write(chunk);
    else answered.push(chunk);
  });
}

interface Message {
  /** Empty for the first one of a client, which has no type. */
  readonly type: string;
  readonly bytes: Buffer;
}

function createReader(hasStart: boolean) {
  let rest = Buffer.alloc(0);
  let isStart = hasStart;
  return {
    read(chunk: Buffer): readonly Message[] {
      rest = Buffer.concat([rest, chunk]);
      const messages: Message[] = [];
      for (;;) {
        const head = isStart ? 0 : 1;
        if (rest.length < head + 4) return messages;
        const length = head + rest.readInt32BE(head);
        if (rest.length < length) return messages;
        const type = isStart ? "" : String.fromCharCode(rest[0]!);
        messages.push({ type, bytes: rest.subarray(0, length) });
        rest = rest.subarray(length);
        isStart = false;
      }
    },
  };
}
