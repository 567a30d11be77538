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
  const time = nowMs.toString(16).padStart(12, "0");
  const { buffer, byteOffset } = random;
  const hex = Buffer.from(buffer, byteOffset, 10).toString("hex");
  const variant = variants[Number.parseInt(hex.charAt(4), 16) & 3]!;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(1, 4)}-${variant}${hex.slice(5, 8)}-${hex.slice(8)}`;
}

/** When it was made, to the millisecond. */
export function toUuidMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

const variants = "89ab";
