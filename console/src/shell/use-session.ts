import { useSignal } from "../ui/signal.ts";
import { sessionState, type Holder, type Session } from "./session.ts";
import type { Client } from "../../../src/client/client.ts";

/** Within the shell, which shows nothing else until somebody is signed in. */
export function useSession(): Session {
  const { session } = useSignal(sessionState);
  if (session === null) throw new Error("nobody is signed in");
  return session;
}

export function useClient(): Client {
  return useSession().client;
}

type Role = Holder["roles"][number];

/** Null where the key has one of the roles; else why it may not, for a button to say. */
export function useRoleReason(...roles: readonly Role[]): string | null {
  const { holder } = useSession();
  if (holder.roles.some((role) => roles.includes(role))) return null;
  return `This takes the role ${roles.join(" or ")}; you are ${holder.roles.join(", ")}.`;
}
