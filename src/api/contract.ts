import type { z } from "zod";
import type { KeyHolder, Role } from "../authority/keyring.ts";
import type { FaultCode } from "../model/index.ts";

/**
 * A route as data: the listener, openapi.json and the client are all made from it, so that
 * none of them can say what the others do not.
 */
export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** As in OpenAPI: `/v1/runs/{id}`. */
  readonly path: string;
  readonly summary: string;
  /** `open` needs no key; else the roles whose key is accepted. */
  readonly access: "open" | readonly Role[];
  /** Answered while draining and at the bound: what a prober needs to see just then. */
  readonly vital?: boolean;
  /** Has places of its own for whom it is for: however busy others keep the server, it is answered. */
  readonly reserved?: boolean;
  readonly headers?: z.ZodObject;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** The body is text in one of these content types; the answer parses it. */
  readonly consumes?: readonly string[];
  /** The largest body, where it is less than the configured one. */
  readonly bodyBytes?: number;
  /** How long the body may take to arrive, where it is less than any request may. */
  readonly bodyWithinMs?: number;
  readonly answers: Readonly<Record<number, AnswerShape>>;
  /** Refusals particular to this route; those of the door go without saying. */
  readonly faults?: readonly FaultCode[];
}

export interface AnswerShape {
  readonly description: string;
  readonly schema: z.ZodType;
  /** `application/json` when absent; else the body is a string. */
  readonly produces?: string;
  /** Carries an ETag. */
  readonly etag?: boolean;
}

export type Contract = Readonly<Record<string, Route>>;

type Parsed<T> = T extends z.ZodType ? z.output<T> : undefined;

/** What an answer is given: parsed, or the request was refused before. */
export interface Asked<R extends Route> {
  readonly headers: Parsed<R["headers"]>;
  readonly params: Parsed<R["params"]>;
  readonly query: Parsed<R["query"]>;
  readonly body: R["consumes"] extends readonly string[] ? string : undefined;
  /** Whose key it is; null on a route that is open to all. */
  readonly holder: KeyHolder | null;
  /** Fires when the client is gone or the deadline has passed. */
  readonly signal: AbortSignal;
}

export type Answer<R extends Route> = {
  [S in keyof R["answers"] & number]: {
    readonly status: S;
    readonly body: z.input<R["answers"][S]["schema"]>;
    readonly etag?: string;
    readonly contentType?: string;
    /** In the place of those that every answer has. */
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof R["answers"] & number];

/** One function a route. */
export type Answers<C extends Contract> = {
  readonly [K in keyof C]: (asked: Asked<C[K]>) => Promise<Answer<C[K]>> | Answer<C[K]>;
};
