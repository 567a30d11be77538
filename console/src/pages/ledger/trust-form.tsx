import { useSignal } from "../../ui/signal.ts";
import { Field } from "../../ui/field.tsx";
import { toKeyLines } from "./key-lines.ts";
import { trust, trustedTexts } from "./trusted.ts";
import type { ChosenTrust } from "./use-trust.ts";

/** Which keys are believed, and where they came from. */
export function TrustForm({ chosen }: { readonly chosen: ChosenTrust | null }) {
  const texts = useSignal(trustedTexts);
  const own = toKeyLines(texts.keys).length;
  return (
    <div className="grid gap-3">
      <TrustWords chosen={chosen} own={own} />
      <details open={own > 0}>
        <summary className="text-sm font-medium text-accent">Keys of your own</summary>
        <div className="mt-3 grid gap-3 md:grid-cols-2">
          <Field
            label="Verifier keys, one a line"
            value={texts.keys}
            onChange={(text) => trust("keys", text)}
            rows={3}
            mono
            placeholder="gate.example.com+4f6aff2a+AZeN…"
            hint={
              <>
                <code className="font-mono">countersign ledger key</code> prints it. Take it from
                whoever runs the server, by another way than this page. This browser keeps it.
              </>
            }
          />
          <Field
            label="Fingerprints of passkeys you trust, one a line"
            value={texts.passkeys}
            onChange={(text) => trust("passkeys", text)}
            rows={3}
            mono
            placeholder="sha256:…"
            hint="Empty: whose a passkey is stays open, and the report says so."
          />
        </div>
      </details>
    </div>
  );
}

function TrustWords({
  chosen,
  own,
}: {
  readonly chosen: ChosenTrust | null;
  readonly own: number;
}) {
  if (own > 0)
    return (
      <p className="text-sm text-muted">
        Checked against {own === 1 ? "the key" : `the ${own} keys`} that you gave this browser.
      </p>
    );
  if (chosen !== null && chosen.keys.length === 0)
    return (
      <p className="text-sm text-warn">
        No key is known here: your role may not ask the server for its keys. Give one of your own.
      </p>
    );
  return (
    <p className="rounded-md bg-warn-soft px-3 py-2 text-sm text-warn">
      Checked against the key that this very server names. That shows that nothing was altered by
      accident, and no more: who gives you a false record can give you a key that fits it. Give a
      key of your own below to know.
    </p>
  );
}
