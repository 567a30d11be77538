import { Fault } from "../model/fault.ts";
import { faults, type FaultCode } from "../model/faults.ts";

/** One request as the generated client makes it. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: string;
  readonly contentType?: string;
  /** Statuses that the contract gives an answer for; every other one is a refusal. */
  readonly expects: readonly number[];
}

export interface Received {
  readonly status: number;
  readonly body: unknown;
  readonly etag: string | null;
}

export type Send = (request: Request) => Promise<Received>;

export interface SendOptions {
  readonly url: string;
  readonly key: string | null;
  /** Gives up at a deadline of its own, by throwing a Fault. */
  readonly fetch: (target: URL, init: RequestInit) => Promise<Response>;
}

/** A refusal comes back as the Fault that the server threw; silence as `unreachable`. */
export function createSend(options: SendOptions): Send {
  const { url, key, fetch } = options;
  return async (request) => {
    const headers: Record<string, string> = { accept: "*/*" };
    for (const [name, value] of Object.entries(request.headers ?? {}))
      if (value !== undefined) headers[name] = value;
    if (key !== null) headers["authorization"] = `Bearer ${key}`;
    if (request.contentType !== undefined) headers["content-type"] = request.contentType;
    const target = new URL(request.path, url);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    try {
      const response = await fetch(target, {
        method: request.method,
        headers,
        redirect: "error",
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      const body = parseBody(response, await response.text());
      if (!request.expects.includes(response.status)) throw toFault(response.status, body);
      return { status: response.status, body, etag: response.headers.get("etag") };
    } catch (cause) {
      throw cause instanceof Fault ? cause : toSilence(url, cause);
    }
  };
}

export function parseBody(response: Response, text: string): unknown {
  const type = response.headers.get("content-type") ?? "";
  if (!type.startsWith("application/json")) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault("unreachable", "The answer is not what it says it is: broken JSON.", { cause });
  }
}

export function toFault(status: number, body: unknown): Fault {
  const error = (body as { error?: Record<string, unknown> } | null)?.error;
  const code = String(error?.["code"]);
  if (error === undefined || !Object.hasOwn(faults, code)) {
    return new Fault("unreachable", `What answers there is not Countersign (status ${status}).`);
  }
  return new Fault(code as FaultCode, String(error["message"]), {
    details: (error["details"] ?? {}) as Record<string, unknown>,
  });
}

export function toSilence(url: string, cause: unknown): Fault {
  return new Fault("unreachable", `Nothing answers at ${url}.`, { cause });
}
