import { Duplex } from "node:stream";
import { connect, createSecureContext, getCACertificates, TLSSocket } from "node:tls";
import type { FirstBytes } from "./first-bytes.ts";
import type { Identity } from "./instance-authority.ts";
import { EgressRefusal } from "./refusal.ts";

/** Nothing else is read here. */
const ALPNProtocols = ["http/1.1"];
const minVersion = "TLSv1.2";

/** The server's side, of a connection of which the first bytes were read already. */
export function endTls(
  { first, socket }: { readonly first: FirstBytes; readonly socket: Duplex },
  { certificate, key }: Identity,
): Promise<TLSSocket> {
  const secureContext = createSecureContext({ cert: certificate, key, minVersion });
  const rest = toRest(first, socket);
  const tls = new TLSSocket(rest, { isServer: true, secureContext, ALPNProtocols });
  const reason = "the program does not take our certificate, or speaks another TLS";
  const refusal = new EgressRefusal("malformed", reason);
  // Some go without a word, which is not told as an error.
  const leave = (): void => void setImmediate(() => tls.destroy());
  rest.once("end", leave);
  tls.once("secure", () => rest.off("end", leave));
  return settle(tls, "secure", () => refusal);
}

export interface Beginning {
  readonly host: string;
  /** Authorities besides those of this machine (PEM). */
  readonly trusted: readonly string[];
}

/** The client's side. What the host shows has to be a certificate for its name that is valid today. */
export function beginTls(socket: Duplex, { host, trusted }: Beginning): Promise<TLSSocket> {
  // What is named takes the place of this machine's.
  const ca = trusted.length === 0 ? {} : { ca: [...getCACertificates("default"), ...trusted] };
  const own = { servername: host, rejectUnauthorized: true, minVersion, ALPNProtocols } as const;
  const tls = connect({ ...own, ...ca, socket });
  return settle(tls, "secureConnect", ({ code = "no TLS" }) => {
    return new EgressRefusal("unreachable", `${host} does not prove that it is it (${code})`);
  });
}

function settle(
  tls: TLSSocket,
  event: "secure" | "secureConnect",
  toRefusal: (error: NodeJS.ErrnoException) => EgressRefusal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    tls.once(event, () => resolve(tls));
    // Of a later error whoever reads or writes is told.
    tls.on("error", (error: NodeJS.ErrnoException) => reject(toRefusal(error)));
    tls.once("close", () => reject(toRefusal(new Error())));
  });
}

/** What is still to be read of a connection, and what is written to it. */
function toRest(first: FirstBytes, socket: Duplex): Duplex {
  return new Duplex({
    read() {
      first.next().then(
        (chunk) => this.push(chunk),
        (error: Error) => this.destroy(error),
      );
    },
    write(chunk, _, done) {
      socket.write(chunk, done);
    },
    final(done) {
      socket.end(done);
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
}
