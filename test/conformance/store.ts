import { afterAll, beforeAll, describe } from "vitest";
import { describeAuthorityRows } from "./store-authority.ts";
import { describeApprovals } from "./store-approvals.ts";
import { describeCalls } from "./store-calls.ts";
import { describeCosts } from "./store-costs.ts";
import { describeCommit } from "./store-commit.ts";
import { describeDeliveries } from "./store-deliveries.ts";
import { describeFences } from "./store-fences.ts";
import { describePasskeyRows } from "./store-passkeys.ts";
import { describeLog } from "./store-log.ts";
import { describeRows } from "./store-rows.ts";
import { describeRunBudgets } from "./store-run-budgets.ts";
import { describeRunKeys } from "./store-run-keys.ts";
import { describeRunInbox } from "./store-run-inbox.ts";
import { describeRunRows } from "./store-run-rows.ts";
import { describeRuns } from "./store-runs.ts";
import { describeSecretRows } from "./store-secrets.ts";
import { describeTouches } from "./store-touches.ts";
import { describeTraces } from "./store-traces.ts";
import { describeWorkspaces } from "./store-workspaces.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

/** The behaviour of the Store port, for every adapter and for its twin. */
export function describeStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`Store: ${name}`, () => {
    let made: StoreUnderTest | undefined;
    beforeAll(async () => {
      made = await make();
    });
    afterAll(() => made?.close());
    const under = (): StoreUnderTest => {
      if (made === undefined) throw new Error("The store was not opened");
      return made;
    };
    describeCommit(under);
    describeFences(under);
    describeRuns(under);
    describeRunRows(under);
    describeRunInbox(under);
    describeRunBudgets(under);
    describeApprovals(under);
    describeCalls(under);
    describeRunKeys(under);
    describeRows(under);
    describeSecretRows(under);
    describePasskeyRows(under);
    describeAuthorityRows(under);
    describeDeliveries(under);
    describeLog(under);
    describeWorkspaces(under);
    describeTouches(under);
    describeTraces(under);
    describeCosts(under);
  });
}
