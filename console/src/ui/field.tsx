import { useId, type ReactNode } from "react";

const box =
  "w-full rounded-md border border-line-strong bg-surface px-3 text-sm text-ink placeholder:text-muted";

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  /** More than one line. */
  readonly rows?: number;
  readonly mono?: boolean;
  readonly hint?: ReactNode;
  /** What is wrong with it, said beside it. */
  readonly wrong?: string | null;
  readonly hideLabel?: boolean;
}

export function Field(props: FieldProps) {
  const { label, value, onChange, placeholder, rows, mono = false, hint, hideLabel } = props;
  const wrong = props.wrong ?? null;
  const id = useId();
  const shared = {
    id,
    value,
    placeholder,
    spellCheck: false,
    "aria-invalid": wrong !== null,
    "aria-describedby": `${id}-hint`,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  const look = `${box} ${mono ? "font-mono text-xs" : ""}`;
  return (
    <div className="min-w-0">
      <label htmlFor={id} className={hideLabel ? "sr-only" : "mb-1 block text-xs font-medium"}>
        {label}
      </label>
      {rows === undefined ? (
        <input {...shared} className={`${look} h-8`} />
      ) : (
        <textarea {...shared} rows={rows} className={`${look} py-2`} />
      )}
      <div id={`${id}-hint`} className="text-xs">
        {wrong === null ? null : <p className="mt-1 text-danger">{wrong}</p>}
        {hint === undefined ? null : <p className="mt-1 text-muted">{hint}</p>}
      </div>
    </div>
  );
}

export interface SelectProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly title: string }[];
  readonly onChange: (value: T) => void;
  readonly hideLabel?: boolean;
}

export function Select<T extends string>(props: SelectProps<T>) {
  const { label, value, options, onChange, hideLabel } = props;
  const id = useId();
  return (
    <div className="min-w-0">
      <label htmlFor={id} className={hideLabel ? "sr-only" : "mb-1 block text-xs font-medium"}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        className={`${box} h-8 pr-8`}
        onChange={(event) => onChange(event.target.value as T)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.title}
          </option>
        ))}
      </select>
    </div>
  );
}
