import { useEffect, useState } from "react";
import {
  verifyReceipt,
  type ReceiptReport,
  type Trust,
} from "../../../../src/ledger/verify-receipt.ts";

export type Verification =
  | { readonly kind: "verifying" }
  | { readonly kind: "reported"; readonly report: ReceiptReport }
  | { readonly kind: "unable"; readonly why: string };

const verifying: Verification = { kind: "verifying" };

/** Computed in this page: nothing of it is asked of the server. */
export function useVerification(text: string | null, trust: Trust | null): Verification {
  const [shown, setShown] = useState<Verification>(verifying);
  useEffect(() => {
    if (text === null || trust === null) return undefined;
    let isCurrent = true;
    setShown(verifying);
    void verify(text, trust).then((verification) => {
      if (isCurrent) setShown(verification);
    });
    return () => {
      isCurrent = false;
    };
  }, [text, trust]);
  return shown;
}

async function verify(text: string, trust: Trust): Promise<Verification> {
  if (!isSecureContext) {
    const why =
      "This browser computes hashes and signatures on pages of https or of localhost only. " +
      "Open the console there, or use `countersign receipts verify`.";
    return { kind: "unable", why };
  }
  try {
    return { kind: "reported", report: await verifyReceipt(text, trust) };
  } catch (error) {
    return { kind: "unable", why: `The verifier ended early: ${String(error)}` };
  }
}
