import type { Connection } from "../../cli/context.ts";
import { fail, ok, warn, type Finding } from "./probe.ts";

/** Whether what was recorded can still be proven. */
export async function lookAtLedger({ client }: Pick<Connection, "client">): Promise<Finding> {
  const { body } = await client.getLedgerCheckpoint();
  const { state, reason, origin, size, waiting } = body;
  switch (state) {
    case "empty":
      return ok("nothing was recorded yet");
    case "sound":
      return ok(`${origin} is signed and goes on from what is kept; its size is ${size}`);
    case "behind":
      return warn(`${waiting} entries wait: ${reason}`, "Look at the server's log.");
    case "forked":
      return fail(
        `nothing is signed: ${reason}`,
        "After a restore from a backup: countersign ledger reopen --reason. Else somebody wrote to the database: docs/ledger.md.",
      );
  }
}
