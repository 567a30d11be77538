import { connect, type Socket } from "node:net";
import { lookup } from "node:dns/promises";
import { classifyAddress } from "../../lib/address.ts";
import type { Place } from "./place.ts";
import { EgressRefusal } from "./refusal.ts";

/** Every address of a host. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface Reach {
  readonly resolve: Resolve;
  /** Whether a private or loopback address is allowed. */
  readonly private: boolean;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

const maxAddresses = 64;
/** A host that is down on so many of its addresses is down. */
const maxTries = 4;

export async function resolveBySystem(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, order: "verbatim" })).map(({ address }) => address);
}

/** Resolves once, judges every address, and connects to one that was judged: nothing asks DNS again. */
export async function reachPlace(place: Place, reach: Reach): Promise<Socket> {
  const addresses = await resolvePlace(place, reach.resolve);
  for (const address of addresses) {
    const kind = classifyAddress(address);
    if (kind === "public" || (kind === "private" && reach.private)) continue;
    throw new EgressRefusal("forbidden", `${place.host} is at a ${kind} address`);
  }
  for (const address of addresses.slice(0, maxTries)) {
    const socket = await connectTo(address, place.port, reach.signal);
    if (socket !== null) return socket;
  }
  throw new EgressRefusal("unreachable", `${place.host}:${place.port} does not answer`);
}

async function resolvePlace({ host }: Place, resolve: Resolve): Promise<readonly string[]> {
  const addresses = await resolve(host).catch((): readonly string[] => []);
  if (addresses.length === 0) throw new EgressRefusal("unreachable", `${host} has no address`);
  return addresses.slice(0, maxAddresses);
}

/** Null: nobody answers there. */
function connectTo(host: string, port: number, signal: AbortSignal): Promise<Socket | null> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(null);
    const socket = connect({ host, port, noDelay: true });
    const abandon = (): void => void socket.destroy();
    signal.addEventListener("abort", abandon, { once: true });
    // Of a later error whoever reads or writes is told.
    socket.on("error", () => undefined);
    const settle = (reached: Socket | null): void => {
      signal.removeEventListener("abort", abandon);
      resolve(reached);
    };
    socket.once("connect", () => settle(socket));
    socket.once("close", () => settle(null));
  });
}
