import { z } from "zod";

// A UUIDv7 in lower case: ids sort by the time they were made, which is what the
// tables are partitioned by.
const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const runIdSchema = z.string().regex(uuidV7, "not a UUIDv7").brand<"RunId">();
export type RunId = z.infer<typeof runIdSchema>;

export const entryIdSchema = z.string().regex(uuidV7, "not a UUIDv7").brand<"EntryId">();
export type EntryId = z.infer<typeof entryIdSchema>;

export const approvalIdSchema = z.string().regex(uuidV7, "not a UUIDv7").brand<"ApprovalId">();
export type ApprovalId = z.infer<typeof approvalIdSchema>;

export const tenantIdSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "not a tenant name")
  .brand<"TenantId">();
export type TenantId = z.infer<typeof tenantIdSchema>;

/** Ten random bytes and a time make a UUIDv7; both come from the caller's ports. */
export function toUuidV7(nowMs: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16);
  bytes.set(random.subarray(0, 10), 6);
  new DataView(bytes.buffer).setUint16(0, Math.floor(nowMs / 2 ** 32));
  new DataView(bytes.buffer).setUint32(2, nowMs % 2 ** 32);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Buffer.from(bytes).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
