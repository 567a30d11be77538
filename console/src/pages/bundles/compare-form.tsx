import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "../../ui/button.tsx";
import { Field } from "../../ui/field.tsx";

const shape = /^sha256:[0-9a-f]{64}$/;

export interface CompareFormProps {
  readonly from?: string;
  readonly to?: string;
}

/** Two digests from anywhere: a run, a receipt, a pull request. */
export function CompareForm({ from = "", to = "" }: CompareFormProps) {
  const navigate = useNavigate();
  const [before, setBefore] = useState(from);
  const [after, setAfter] = useState(to);
  const toWrong = (text: string): string | null =>
    text.trim() === "" || shape.test(text.trim()) ? null : "It takes sha256: and 64 hex digits.";
  const isWhole = shape.test(before.trim()) && shape.test(after.trim());
  return (
    <section
      aria-label="Compare two bundles"
      className="mt-6 grid max-w-4xl items-start gap-3 md:grid-cols-[1fr_1fr_auto]"
    >
      <Field
        label="From the bundle"
        value={before}
        onChange={setBefore}
        mono
        placeholder="sha256:…"
        wrong={toWrong(before)}
      />
      <Field
        label="To the bundle"
        value={after}
        onChange={setAfter}
        mono
        placeholder="sha256:…"
        wrong={toWrong(after)}
      />
      <div className="md:pt-5">
        <Button
          reason={isWhole ? null : "Give two digests of bundles that were kept."}
          onClick={() =>
            void navigate({
              to: "/bundles",
              search: { from: before.trim(), to: after.trim() },
            })
          }
        >
          Compare
        </Button>
      </div>
    </section>
  );
}
