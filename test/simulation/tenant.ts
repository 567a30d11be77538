import { toDigest, type Principal, type TenantId } from "../../src/model/index.ts";

export const tenant = "acme" as TenantId;

export const principal: Principal = {
  tenant,
  kind: "user",
  subject: "somebody",
  actor: { agent: "parent", bundle: toDigest("bundle") },
};
