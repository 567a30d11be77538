import type { Random } from "../../../ports/random.ts";
import type { Missing } from "../host/find-programs.ts";

/** What images are made with. */
export interface Workshop {
  /** Where everything that is made goes, and what is needed meanwhile. */
  readonly directory: string;
  /** Where programs are looked for, as in PATH. */
  readonly path: string;
  /** `http_proxy` and its like, for what is fetched. */
  readonly proxies: Readonly<Record<string, string>>;
  readonly random: Random;
  /** What is being done, one plain line each. */
  readonly onStep: (line: string) => void;
}

export const missing = (reason: string, fix: string | null): Missing => ({
  kind: "missing",
  reason,
  fix,
});
