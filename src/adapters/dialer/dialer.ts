import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { buildConnector, Pool } from "undici";
import { classifyAddress } from "../../lib/address.ts";
import { Fault } from "../../model/index.ts";
import type { Dialer, DialTarget, Origin } from "../../ports/dialer.ts";
import { requestOver } from "./request.ts";

/** Every address of a host. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface DialerOptions {
  readonly resolve?: Resolve;
}

const connectMs = 10_000;
/** Below the 5 s after which common servers close what is idle, so that it is us who close. */
const keepAliveMs = 4_000;
const maxAddresses = 64;

export function createDialer({ resolve = resolveBySystem }: DialerOptions = {}): Dialer {
  return { open: (target) => openOrigin(target, resolve) };
}

async function resolveBySystem(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, order: "verbatim" })).map(({ address }) => address);
}

function openOrigin(target: DialTarget, resolve: Resolve): Origin {
  const url = new URL(target.url);
  if (target.tls !== null && url.protocol !== "https:") {
    throw new Fault("address_refused", `${url.host} is plaintext, and TLS is required of it.`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  // A name is judged when it is resolved; what is an address already is judged now.
  if (isIP(host) !== 0) check([host], target, url.host);
  const pool = new Pool(url.origin, {
    connections: target.connections,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    // The call's own deadline rules; a stream of events may be silent for as long as it likes.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 65_536,
    connect: (options, callback) => {
      dial({ target, host, place: url.host, resolve }, options, callback);
    },
  });
  return {
    request: (request) => requestOver(pool, request, url.host),
    close: () => pool.destroy(),
  };
}

interface Dial {
  readonly target: DialTarget;
  readonly host: string;
  readonly place: string;
  readonly resolve: Resolve;
}

/** Resolves once, judges every address, and connects to one that was judged: nothing asks DNS again. */
function dial(
  dialled: Dial,
  options: buildConnector.Options,
  callback: buildConnector.Callback,
): void {
  toConnector(dialled).then(
    ({ connector, serverName }) =>
      connector(serverName === null ? options : { ...options, servername: serverName }, callback),
    // eslint-disable-next-line promise/no-callback-in-promise -- undici asks for a callback
    (error: Error) => callback(error, null),
  );
}

async function toConnector({ target, host, place, resolve }: Dial) {
  const addresses = isIP(host) === 0 ? await resolveHost(resolve, host) : [host];
  check(addresses, target, place);
  const tls = target.tls === null ? null : await target.tls();
  const [address] = addresses;
  const serverName = tls?.serverName ?? null;
  const connector = buildConnector({
    timeout: connectMs,
    lookup: (_host, asked, done) => giveAddress(address!, asked, done),
    maxCachedSessions: 0,
    ...withValues({ cert: tls?.certificate, key: tls?.key, ca: tls?.authority }),
  });
  return { connector, serverName };
}

/** Without what is null or missing: an empty certificate is not none. */
function withValues(given: Readonly<Record<string, string | null | undefined>>) {
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== null && value !== undefined),
  );
}

async function resolveHost(resolve: Resolve, host: string): Promise<readonly string[]> {
  const addresses = await resolve(host);
  if (addresses.length === 0) throw new Error(`${host} has no address`);
  return addresses.slice(0, maxAddresses);
}

type LookupDone = (
  error: null,
  address: string | { address: string; family: number }[],
  family?: number,
) => void;

function giveAddress(
  address: string,
  asked: { readonly all?: boolean | undefined },
  done: LookupDone,
): void {
  const family = isIP(address);
  if (asked.all === true) done(null, [{ address, family }]);
  else done(null, address, family);
}

/** One bad address refuses them all: which of them a resolver gives first is up to whoever runs it. */
function check(addresses: readonly string[], target: DialTarget, place: string): void {
  for (const address of addresses) {
    const kind = classifyAddress(address);
    if (kind === "public" || (kind === "private" && target.private)) continue;
    throw new Fault("address_refused", `${place} is at a ${kind} address, which is not allowed.`, {
      details: { place },
    });
  }
}
