import type { ReactNode } from "react";

export interface EmptyProps {
  readonly title: string;
  /** What would be here, and how it comes to be: the place teaches. */
  readonly children: ReactNode;
  /** A command that does it. */
  readonly command?: string;
}

export function Empty({ title, children, command }: EmptyProps) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center px-6 py-16 text-center">
      <p className="text-base font-medium">{title}</p>
      <div className="mt-2 text-sm text-muted">{children}</div>
      {command === undefined ? null : (
        <code className="mt-4 max-w-full rounded-md border border-line bg-sunken px-3 py-2 text-left font-mono text-xs break-words whitespace-pre-wrap">
          {command}
        </code>
      )}
    </div>
  );
}
