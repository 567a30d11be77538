import { z } from "zod";
import { countField, durationField } from "./config-field.ts";

export const approvalsField = z
  .strictObject({
    expire: durationField({ min: "10s", max: "7d" })
      .prefault("1h")
      .describe(
        "How long an approval waits, and how long a given one may be used. Then it is void.",
      ),
    openPerCaller: countField({ min: 1, max: 10_000 })
      .prefault(200)
      .describe("Approvals of one caller that may wait at once. One more is refused."),
    keys: durationField({ min: "1m", max: "30d" })
      .prefault("24h")
      .describe("How long a caller's own key for a call is remembered, so that it is made once."),
  })
  .prefault({})
  .describe("Calls that a person decides, and calls that must not be made twice.");
