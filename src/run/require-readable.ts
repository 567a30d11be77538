import { Fault } from "../model/index.ts";

interface Checked {
  readonly error?:
    | { readonly issues: readonly { path: readonly PropertyKey[]; message: string }[] }
    | undefined;
}

/** What could not be read again would hold the run for ever. */
export function requireReadable({ error }: Checked): void {
  if (error === undefined) return;
  const [issue] = error.issues;
  const place = issue?.path.map(String).join(".") ?? "";
  throw new Fault("request_invalid", `${place}: ${issue?.message ?? "it is refused"}.`);
}
