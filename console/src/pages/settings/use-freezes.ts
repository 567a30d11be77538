import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FreezeChange } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { toFreezeBody, toFreezeTitle, type Freeze, type FreezeDraft } from "./freeze-words.ts";

export const freezesKey = ["freezes"] as const;

export function useFreeze(onDone: (said: string) => void) {
  const client = useClient();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (draft: FreezeDraft) =>
      (await client.freeze({ body: toFreezeBody(draft) })).body,
    onSuccess: async (change) => {
      await cache.invalidateQueries({ queryKey: freezesKey });
      onDone(toFrozenWords(change));
    },
  });
}

export function useLift(onDone: () => void) {
  const client = useClient();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ kind, name }: Freeze) =>
      (await client.unfreeze({ body: JSON.stringify({ kind, name }) })).body,
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: freezesKey });
      onDone();
    },
  });
}

/** A slip in an emergency must be seen: a freeze holds for the name as it was given, and no other. */
function toFrozenWords(change: FreezeChange): string {
  const title = toFreezeTitle(change);
  const said = change.changed ? `Frozen: ${title}.` : `It was frozen already: ${title}.`;
  if (change.known) return said;
  const meant = change.meant === null ? "" : ` Did you mean ${change.meant}?`;
  return `${said} Nothing of this name is known here, so it may stop nothing.${meant}`;
}
