import { Fault } from "../../model/index.ts";
import { toDestination, type IssuerPlace } from "../../ports/credentials.ts";
import type { Dialer, OriginAnswer } from "../../ports/dialer.ts";

/** As `oauth4webapi` calls what it is given in the place of `fetch`. */
export type IssuerFetch = (url: string, init: FetchInit) => Promise<Response>;

interface FetchInit {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: URLSearchParams | string | null | undefined;
}

export interface IssuerFetchOptions {
  readonly dialer: Dialer;
  readonly place: IssuerPlace;
  /** Where the client's secret may go; empty: wherever the issuer is. */
  readonly clientHosts: ReadonlySet<string>;
  readonly signal: AbortSignal;
  /** Metadata and token answers are a few KiB. */
  readonly maxBytes: number;
}

/**
 * Requests to one issuer, over the dialer: addresses are checked, no redirect is followed, and time
 * and size are bounded. What configuration did not name itself must be public and https.
 */
export function createIssuerFetch(options: IssuerFetchOptions): IssuerFetch {
  const { place, signal } = options;
  return async (text, { method, headers, body }) => {
    const url = new URL(text);
    const isOurs = place.private && isNamed(place, url);
    checkProtocol(url, isOurs);
    if (method !== "GET" && method !== "POST") throw new Error(`no ${method} to an issuer`);
    if (method === "POST") checkBound(options, url);
    const target = { url: url.href, private: isOurs, tls: null, connections: 1 };
    const origin = options.dialer.open(target);
    try {
      const answer = await origin.request({
        method,
        path: `${url.pathname}${url.search}`,
        headers,
        body: body === undefined || body === null ? null : body.toString(),
        signal,
      });
      return await toResponse(options, url, answer);
    } catch (error) {
      throw toUnsent(error, url);
    } finally {
      // Tokens are asked for seldom: a connection is not kept for the next time.
      await origin.close();
    }
  };
}

/**
 * What is posted proves who the client is, and where it goes the issuer's metadata says: a secret
 * that is bound to hosts goes to no other one, whoever names it.
 */
function checkBound({ clientHosts, place }: IssuerFetchOptions, { href, host }: URL): void {
  const destination = toDestination(href);
  if (clientHosts.size === 0 || (destination !== null && clientHosts.has(destination))) return;
  throw new Fault(
    "credential_refused",
    `${place.issuer} wants the client at ${host}, which its secret is not bound to. Nothing was sent there.`,
    { details: { issuer: place.issuer, host } },
  );
}

/** Whether configuration names the origin. */
function isNamed(place: IssuerPlace, { origin }: URL): boolean {
  const named =
    place.kind === "stated"
      ? [place.issuer, place.token, place.authorization, place.revocation]
      : [place.issuer];
  return named.some((url) => url !== null && new URL(url).origin === origin);
}

/** Also for the URL that a browser is sent to, which is not fetched. */
export function checkEndpoint(place: IssuerPlace, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null)
    throw new Fault("upstream_garbled", `${place.issuer} names an endpoint that is no URL.`);
  checkProtocol(url, place.private && isNamed(place, url));
}

function checkProtocol({ protocol, host, username, password }: URL, isOurs: boolean): void {
  const isAllowed = protocol === "https:" || (protocol === "http:" && isOurs);
  if (!isAllowed || username !== "" || password !== "") {
    throw new Fault("address_refused", `${host || "An endpoint"} of an issuer is not https.`);
  }
}

async function toResponse(
  { maxBytes }: IssuerFetchOptions,
  { host }: URL,
  answer: OriginAnswer,
): Promise<Response> {
  const { status } = answer;
  if (status >= 500 || status === 429) {
    answer.discard();
    throw new Fault("upstream_unreachable", `${host} gives no token now (${status}).`, {
      details: { status },
    });
  }
  const text = await answer.text(maxBytes);
  const type = answer.header("content-type");
  const headers: Record<string, string> = type === null ? {} : { "content-type": type };
  return new Response(status === 204 ? null : text, { status, headers });
}

/** The call that needs the token was not sent, however far the request for the token came. */
function toUnsent(error: unknown, { host }: URL): unknown {
  return error instanceof Fault && error.code === "upstream_lost"
    ? new Fault("upstream_unreachable", `The connection to ${host} ended early.`)
    : error;
}
