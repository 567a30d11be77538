import { createSignal, type Signal } from "../../ui/signal.ts";

// Public keys, and of nobody in particular: they outlive the session, so that a later visit notices a
// server that signs with another key than the one that was trusted first.

export interface TrustedTexts {
  readonly keys: string;
  readonly passkeys: string;
}

const places = {
  keys: "countersign.trusted-keys",
  passkeys: "countersign.trusted-passkeys",
} as const;

export const trustedTexts: Signal<TrustedTexts> = createSignal<TrustedTexts>({
  keys: read("keys"),
  passkeys: read("passkeys"),
});

export function trust(name: keyof TrustedTexts, text: string): void {
  trustedTexts.set({ ...trustedTexts.get(), [name]: text });
  try {
    if (text.trim() === "") localStorage.removeItem(places[name]);
    else localStorage.setItem(places[name], text);
  } catch {
    // A browser that keeps nothing has it until the page is closed.
  }
}

function read(name: keyof TrustedTexts): string {
  try {
    return localStorage.getItem(places[name]) ?? "";
  } catch {
    return "";
  }
}
