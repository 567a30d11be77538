import type { MockRoute } from "./mock-route.ts";
import { approvalMocks } from "./approval-mocks.ts";
import { bundleMocks } from "./bundle-mocks.ts";
import { costMocks } from "./cost-mocks.ts";
import { freezeMocks } from "./freeze-mocks.ts";
import { ledgerMocks } from "./ledger-mocks.ts";
import { policyMocks } from "./policy-mocks.ts";
import { runDetailMocks } from "./run-detail-mocks.ts";
import { runMocks } from "./run-mocks.ts";
import { runMoreMocks } from "./run-more-mocks.ts";
import { serverMocks } from "./server-mocks.ts";
import { settingMocks } from "./setting-mocks.ts";

/** Everything that the page can ask for without a server. */
export const mockRoutes: readonly MockRoute[] = [
  {
    method: "GET",
    path: "/v1/holder",
    answer: () => ({
      body: { name: "ada", roles: ["approver", "operator", "auditor"], tenant: "default" },
    }),
  },
  ...approvalMocks,
  ...runMocks,
  ...runDetailMocks,
  ...runMoreMocks,
  ...serverMocks,
  ...freezeMocks,
  ...policyMocks,
  ...bundleMocks,
  ...ledgerMocks,
  ...costMocks,
  ...settingMocks,
];
