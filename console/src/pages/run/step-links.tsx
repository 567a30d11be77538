import { Link } from "@tanstack/react-router";

const views = [
  { tab: "conversation", title: "Conversation" },
  { tab: "why", title: "Why" },
  { tab: "context", title: "Context" },
] as const;

export type StepView = (typeof views)[number]["tab"];

/** The same step in the other views of the run. */
export function StepLinks({ step, except }: { readonly step: number; readonly except?: StepView }) {
  return (
    <div className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm">
      {views.map(({ tab, title }) =>
        tab === except ? null : (
          <Link
            key={tab}
            to="."
            search={{ tab, step }}
            className="text-accent hover:underline"
            aria-label={`${title} of step ${step}`}
          >
            {title}
          </Link>
        ),
      )}
    </div>
  );
}
