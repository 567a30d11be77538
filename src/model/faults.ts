/** Every environment failure, once. The edges render from this table and nothing else. */
export interface FaultEntry {
  readonly status: number;
  readonly rpc: number;
  readonly exit: number;
  readonly retryable: boolean;
  readonly hint: string;
}

export const faults = {
  internal: { status: 500, rpc: -32603, exit: 1, retryable: false, hint: "This is a bug in Countersign. The log names the place." },
  config_invalid: { status: 422, rpc: -32603, exit: 2, retryable: false, hint: "Correct the named line of countersign.yaml." },
  config_stale: { status: 412, rpc: -32603, exit: 2, retryable: false, hint: "The configuration changed meanwhile. Plan again and apply on top of it." },
  config_busy: { status: 503, rpc: -32603, exit: 75, retryable: true, hint: "Another change of the configuration is under way. Try again later." },
  config_unstartable: { status: 422, rpc: -32603, exit: 2, retryable: false, hint: "The old revision is still serving. Correct what the message names." },
  store_unavailable: { status: 503, rpc: -32603, exit: 75, retryable: true, hint: "Postgres does not answer. Run `countersign doctor`." },
  store_full: { status: 507, rpc: -32603, exit: 75, retryable: true, hint: "Free space on the disk that holds the data directory; writing goes on by itself." },
  store_read_only: { status: 503, rpc: -32603, exit: 75, retryable: true, hint: "Make the data directory writable again for the user that runs Postgres." },
  store_incompatible: { status: 503, rpc: -32603, exit: 2, retryable: false, hint: "The data was written by another major version of Postgres or by a newer Countersign. See the upgrade page." },
  store_busy: { status: 503, rpc: -32603, exit: 75, retryable: true, hint: "The write queue is full. Try again later." },
  payload_invalid: { status: 400, rpc: -32602, exit: 2, retryable: false, hint: "The named place holds something that cannot be stored." },
  payload_too_large: { status: 413, rpc: -32600, exit: 2, retryable: false, hint: "Send less, or raise the limit in countersign.yaml." },
  record_unreadable: { status: 500, rpc: -32603, exit: 10, retryable: false, hint: "The stored bytes were altered, or written by a newer version of Countersign." },
  wake_parked: { status: 500, rpc: -32603, exit: 1, retryable: false, hint: "The run failed as often as it may. The log says why; wake it again once that is mended." },
  draining: { status: 503, rpc: -32603, exit: 75, retryable: true, hint: "This replica is shutting down. Try again on another." },
  secret_unresolved: { status: 500, rpc: -32603, exit: 2, retryable: false, hint: "Set the secret that the reference names." },
  secret_unreadable: { status: 500, rpc: -32603, exit: 2, retryable: false, hint: "Bring the key back that it was sealed with (auth.vaultKeys), or set the secret again with `countersign secrets set`." },
  unauthenticated: { status: 401, rpc: -32600, exit: 4, retryable: false, hint: "Send an API key as a bearer token." },
  forbidden: { status: 403, rpc: -32600, exit: 5, retryable: false, hint: "This key's role does not allow it." },
  not_found: { status: 404, rpc: -32602, exit: 3, retryable: false, hint: "Check the id." },
  deadline_exceeded: { status: 504, rpc: -32603, exit: 8, retryable: true, hint: "Raise the deadline, or find out what is slow with `countersign doctor`." },
  unreachable: { status: 502, rpc: -32603, exit: 75, retryable: true, hint: "Is the server up? `countersign up` starts one here." },
  request_invalid: { status: 400, rpc: -32600, exit: 2, retryable: false, hint: "Correct the part of the request that the message names." },
  request_timeout: { status: 408, rpc: -32600, exit: 75, retryable: true, hint: "The request did not arrive whole in time. Send it again." },
  headers_too_large: { status: 431, rpc: -32600, exit: 2, retryable: false, hint: "Send smaller headers." },
  method_not_allowed: { status: 405, rpc: -32600, exit: 2, retryable: false, hint: "Use one of the methods that the Allow header names." },
  not_acceptable: { status: 406, rpc: -32600, exit: 2, retryable: false, hint: "Accept the content type that the message names." },
  media_unsupported: { status: 415, rpc: -32600, exit: 2, retryable: false, hint: "Send one of the content types that the message names." },
  precondition_required: { status: 428, rpc: -32600, exit: 2, retryable: false, hint: "Send If-Match with the revision that you read; GET /v1/config gives it as ETag." },
  host_refused: { status: 403, rpc: -32600, exit: 5, retryable: false, hint: "Call the server by a loopback name, or add the name to allowedHosts in countersign.yaml." },
  origin_refused: { status: 403, rpc: -32600, exit: 5, retryable: false, hint: "A page of another origin may not call this server, unless allowedOrigins in countersign.yaml names it." },
  overloaded: { status: 503, rpc: -32603, exit: 75, retryable: true, hint: "As many requests as the server takes are under way. Try again later." },
  directory_locked: { status: 503, rpc: -32603, exit: 2, retryable: false, hint: "Stop the other server, or give this one a data directory of its own." },
  address_unusable: { status: 503, rpc: -32603, exit: 2, retryable: false, hint: "Choose another address with `countersign up --listen`, or stop what uses this one." },
  address_exposed: { status: 503, rpc: -32603, exit: 2, retryable: false, hint: "Listen on 127.0.0.1, or configure authentication before others can reach the server." },
  keys_unusable: { status: 503, rpc: -32603, exit: 2, retryable: false, hint: "Make the named file readable and writable for this user alone." },
  upstream_unreachable: { status: 502, rpc: -32603, exit: 75, retryable: true, hint: "The server cannot be reached, and nothing was sent to it. `countersign servers ls` says why." },
  upstream_lost: { status: 502, rpc: -32603, exit: 1, retryable: false, hint: "The connection ended after the call was sent: it may have been carried out. Look before you send it again." },
  upstream_garbled: { status: 502, rpc: -32603, exit: 1, retryable: false, hint: "The server answered with something that is not an answer of the protocol. Its operator can say why." },
  upstream_busy: { status: 503, rpc: -32603, exit: 75, retryable: true, hint: "As many calls as this server or tool takes are under way or waiting. Try again later." },
  upstream_open: { status: 503, rpc: -32603, exit: 75, retryable: true, hint: "This server failed several times in a row and is left alone for a while. Try again later." },
  caller_busy: { status: 429, rpc: -32603, exit: 75, retryable: true, hint: "This caller has as many calls under way, waiting or in this minute as it may. Try again later." },
  address_refused: { status: 502, rpc: -32603, exit: 2, retryable: false, hint: "An address that is not public has to be allowed with `private: true` at the server in countersign.yaml; link-local ones never are." },
  tool_blocked: { status: 409, rpc: -32603, exit: 11, retryable: false, hint: "The tool's definition changed. `countersign tools drift` shows how; `countersign tools accept` accepts it." },
  frozen: { status: 423, rpc: -32603, exit: 5, retryable: false, hint: "Somebody stopped this. `countersign freezes` shows who and why; `countersign unfreeze` lifts it." },
  freeze_unknown: { status: 503, rpc: -32603, exit: 75, retryable: true, hint: "The replica cannot reach its store, so it does nothing that has an effect. Try again on another." },
  drift_stale: { status: 409, rpc: -32603, exit: 11, retryable: false, hint: "The definition changed again since it was shown. Look at the drift anew." },
  result_invalid: { status: 502, rpc: -32603, exit: 1, retryable: false, hint: "The tool's result does not fit its own output schema." },
  parked_lost: { status: 410, rpc: -32603, exit: 1, retryable: false, hint: "The call that waited for this answer is gone; it may have been carried out in part. Look before you send it again." },
  stream_taken: { status: 409, rpc: -32600, exit: 2, retryable: false, hint: "A session has one standing stream. Close the other one, or wait until it is gone." },
  usage_invalid: { status: 400, rpc: -32602, exit: 2, retryable: false, hint: "Run the command with --help." },
} as const satisfies Record<string, FaultEntry>;

export type FaultCode = keyof typeof faults;
