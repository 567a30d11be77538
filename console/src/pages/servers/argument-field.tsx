import { Field, Select } from "../../ui/field.tsx";
import { Inert } from "../../ui/inert.tsx";
import type { FormField } from "./schema-form.ts";

export interface ArgumentFieldProps {
  readonly field: FormField;
  readonly value: string;
  readonly wrong: string | null;
  readonly onChange: (value: string) => void;
}

const kindWords = {
  text: "text",
  number: "a number",
  integer: "a whole number",
  choice: "one of a few",
  json: "JSON",
} as const;

export function ArgumentField({ field, value, wrong, onChange }: ArgumentFieldProps) {
  const { name, kind, isRequired, description, choices, fallback } = field;
  const label = `${name}${isRequired ? "" : " (optional)"}`;
  const said = description === "" ? null : <Inert text={description.slice(0, 500)} />;
  if (kind === "choice") {
    const absent = { value: "", title: fallback === null ? "not said" : `not said: ${fallback}` };
    const options = choices.map((choice) => {
      const text = JSON.stringify(choice);
      return { value: text, title: typeof choice === "string" ? choice : text };
    });
    return (
      <div>
        <Select label={label} value={value} options={[absent, ...options]} onChange={onChange} />
        {wrong === null ? null : <p className="mt-1 text-xs text-danger">{wrong}</p>}
        {said === null ? null : <p className="mt-1 text-xs text-muted">{said}</p>}
      </div>
    );
  }
  return (
    <Field
      label={label}
      value={value}
      onChange={onChange}
      wrong={wrong}
      mono={kind !== "text"}
      placeholder={fallback === null ? kindWords[kind] : `${fallback} if not said`}
      {...(kind === "json" ? { rows: 4 } : {})}
      {...(said === null ? {} : { hint: said })}
    />
  );
}
