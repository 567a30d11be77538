import { Fault } from "../model/index.ts";
import { deliveryBytes, type DeliveryDraft } from "./delivery-rows.ts";
import { requireBytes, requireName, requireWhole } from "./storable.ts";

/** What every store refuses of a delivery before it writes. */
export function requireStorableDelivery(draft: DeliveryDraft): void {
  requireName("tenant", draft.tenant);
  requireName("hook", draft.hook);
  // It is sent as a header and signed with dots around it.
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(draft.event)) {
    throw new Fault("payload_invalid", "event takes 1 to 128 letters, digits, _ and -");
  }
  requireBytes("body", draft.body, deliveryBytes);
  requireWhole("nowMs", draft.nowMs);
  requireWhole("dueAtMs", draft.dueAtMs);
}
