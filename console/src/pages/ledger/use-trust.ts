import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Trust } from "../../../../src/ledger/verify-receipt.ts";
import { useSession } from "../../shell/use-session.ts";
import { useSignal } from "../../ui/signal.ts";
import { toKeyLines } from "./key-lines.ts";
import { ledgerQuery } from "./ledger-query.ts";
import { trustedTexts } from "./trusted.ts";

export interface ChosenTrust extends Trust {
  /** Who named the keys: whoever sits here, or the server that is to be checked. */
  readonly from: "reader" | "server";
}

/** Null while the server is asked for its keys. */
export function useTrust(): ChosenTrust | null {
  const texts = useSignal(trustedTexts);
  const { data, isLoading } = useQuery(ledgerQuery(useSession()));
  return useMemo(() => {
    const own = toKeyLines(texts.keys);
    const lines = toKeyLines(texts.passkeys);
    const passkeys = lines.length === 0 ? null : lines;
    if (own.length > 0) return { keys: own, passkeys, from: "reader" };
    return isLoading ? null : { keys: data?.keys ?? [], passkeys, from: "server" };
  }, [texts, data?.keys, isLoading]);
}
