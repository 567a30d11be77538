import { useNavigate, useSearch } from "@tanstack/react-router";

/** One word of the address, which can be sent to somebody; the back button leaves the page, not the word. */
export function useSearchState(
  name: string,
): readonly [string | null, (value: string | null) => void] {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const navigate = useNavigate();
  const value = search[name];
  const set = (next: string | null): void =>
    void navigate({
      to: ".",
      replace: true,
      search: (before: Record<string, unknown>) => {
        const { [name]: _, ...rest } = before;
        return next === null ? rest : { ...rest, [name]: next };
      },
    });
  // A number in the address is read as one.
  const isWord = typeof value === "string" || typeof value === "number";
  return [isWord ? String(value) : null, set];
}

/** `?step=3`: the step that a link came for; null: none. */
export function useStep(): number | null {
  const [step] = useSearchState("step");
  const asked = step === null ? Number.NaN : Number(step);
  return Number.isSafeInteger(asked) && asked >= 0 ? asked : null;
}
