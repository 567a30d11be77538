import type { ReactNode } from "react";
import { Field, Select } from "../../ui/field.tsx";

export interface EventFiltersProps {
  readonly types: readonly { readonly type: string; readonly count: number }[];
  readonly type: string;
  readonly text: string;
  readonly counted: string;
  readonly onType: (type: string) => void;
  readonly onText: (text: string) => void;
  readonly children: ReactNode;
}

export function EventFilters(props: EventFiltersProps) {
  const { types, type, text, counted, onType, onText, children } = props;
  const isKnown = type === "" || types.some((each) => each.type === type);
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-2 border-b border-line px-4 py-2 md:px-6">
      <div className="w-44">
        <Select
          label="Type"
          hideLabel
          value={type}
          options={[
            { value: "", title: "All types" },
            ...(isKnown ? [] : [{ value: type, title: `${type} (0)` }]),
            ...types.map((each) => ({
              value: each.type,
              title: `${each.type.includes(".") ? "  " : ""}${each.type} (${each.count})`,
            })),
          ]}
          onChange={onType}
        />
      </div>
      <div className="min-w-32 flex-1 md:max-w-72">
        <Field label="Text" hideLabel value={text} placeholder="Find in events" onChange={onText} />
      </div>
      <p role="status" className="text-xs text-muted tabular-nums">
        {counted}
      </p>
      {children}
    </div>
  );
}
