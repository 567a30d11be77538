import { useEffect, useRef, useState } from "react";
import { FaultNotice } from "../ui/fault-notice.tsx";
import { useSignal } from "../ui/signal.ts";
import { sessionState, signIn } from "./session.ts";

/** The key is typed, sent with each request, and kept nowhere but in this page's memory. */
export function SignIn() {
  const { refused } = useSignal(sessionState);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Sign in · Countersign";
    field.current?.focus();
  }, []);
  const enter = async (): Promise<void> => {
    const key = field.current?.value.trim() ?? "";
    if (key === "" || isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await signIn(key);
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <main className="flex min-h-full items-center justify-center p-4">
      <form
        className="w-full max-w-sm rounded-xl border border-line bg-surface p-6 shadow-sm"
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <h1 className="text-lg font-semibold">Countersign</h1>
        <p className="mt-1 text-sm text-muted">
          Show who you are. The key stays in this page and goes when it is closed.
        </p>
        {refused === null ? null : (
          <p role="status" className="mt-3 text-sm text-warn">
            {refused}
          </p>
        )}
        <input type="text" autoComplete="username" value="countersign" readOnly hidden />
        <label htmlFor="key" className="mt-5 mb-1 block text-xs font-medium">
          Key or access token
        </label>
        <input
          id="key"
          ref={field}
          type="password"
          required
          maxLength={16_384}
          autoComplete="current-password"
          autoCapitalize="none"
          spellCheck={false}
          className="h-9 w-full rounded-md border border-line-strong bg-surface px-3 font-mono text-sm"
        />
        <button
          type="submit"
          aria-busy={isBusy}
          className="mt-4 h-9 w-full rounded-md bg-accent-solid text-sm font-medium text-on-solid hover:brightness-110"
        >
          {isBusy ? "One moment …" : "Sign in"}
        </button>
        {error === null ? null : (
          <div className="mt-4">
            <FaultNotice error={error} />
          </div>
        )}
        <p className="mt-5 text-xs text-muted">
          The keys of this user lie in the configuration directory that{" "}
          <code className="font-mono">countersign doctor</code> names. An approver's key decides;
          the admin's shows everything and decides nothing.{" "}
          <a className="text-accent underline" href="/open">
            Open an exported run
          </a>{" "}
          without a key.
        </p>
      </form>
    </main>
  );
}
