import type { RunMoved } from "../ports/run-moved.ts";
import type { ApprovalEvent } from "../authority/approvals.ts";
import type { Config } from "../model/config.ts";

/** What parts that outlive a revision have to look up each time. */
export interface Now {
  readonly config: () => Config;
  /** Where people and clients reach this server: without a slash at the end. */
  readonly url: () => string;
  readonly announce: (event: ApprovalEvent | RunMoved) => void;
}

/** Browsers keep passkeys by name: for them the loopback address is `localhost`. */
export function toBrowserUrl(url: string): string {
  return url.replace(/^(https?:\/\/)127\.0\.0\.1(?=[:/]|$)/, "$1localhost");
}
