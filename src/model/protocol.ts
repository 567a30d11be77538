import type { Json } from "../lib/strict-json.ts";

/**
 * Two eras of one protocol. Modern: each request says what it is. Legacy: a session is opened first,
 * and the server may ask the client in the middle of a call.
 */
export type Era = "modern" | "legacy";

/** What a client can be asked in the middle of a call. Unknown keys pass through. */
export interface ClientCapabilities {
  readonly elicitation?: { readonly form?: object; readonly url?: object };
  readonly sampling?: { readonly tools?: object; readonly context?: object };
  readonly roots?: { readonly listChanged?: boolean };
  readonly extensions?: Readonly<Record<string, object>>;
  readonly [key: string]: unknown;
}

/** What a client or server calls itself: shown, never believed. */
export interface Implementation {
  readonly name: string;
  readonly version: string;
  readonly [key: string]: unknown;
}

/** An error as JSON-RPC has it. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: Json;
}
