import { faults, type FaultCode } from "../../../src/model/faults.ts";
import type { MockAnswer } from "./mock-route.ts";

/** A no as the server writes it, with the hint of the catalogue. */
export function refuse(code: FaultCode, message: string): Required<MockAnswer> {
  const { status, hint } = faults[code];
  const docs = `docs/faults.md#${code}`;
  return { status, body: { error: { code, message, hint, details: {}, docs, request: "mock" } } };
}
