import { Fault } from "../../../src/model/fault.ts";
import { faults } from "../../../src/model/faults.ts";
import { Button } from "./button.tsx";
import { Inert } from "./inert.tsx";

/** What went wrong, what to do about it, and a way to try again. */
export function FaultNotice({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
}) {
  const isFault = error instanceof Fault;
  const message = error instanceof Error ? error.message : String(error);
  const hint = isFault ? faults[error.code].hint : "This is a bug in the console.";
  return (
    <div role="alert" className="rounded-lg border border-danger/40 bg-danger-soft p-4">
      <p className="font-medium text-danger">
        <Inert text={message} lines />
      </p>
      <p className="mt-1 text-sm text-ink">
        {hint} {isFault ? <code className="font-mono text-xs">{error.code}</code> : null}
      </p>
      {onRetry === undefined ? null : (
        <div className="mt-3">
          <Button onClick={onRetry}>Try again</Button>
        </div>
      )}
    </div>
  );
}
