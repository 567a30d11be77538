import { useId } from "react";
import { Button } from "../../ui/button.tsx";
import { Field, Select } from "../../ui/field.tsx";
import type { ServingPolicy } from "./policy-queries.ts";
import type { AskedForm } from "./question.ts";

export interface QuestionFormProps {
  readonly form: AskedForm;
  readonly wrong: Readonly<Partial<Record<keyof AskedForm, string>>>;
  readonly tools: readonly string[];
  readonly serving: ServingPolicy;
  readonly isBusy: boolean;
  readonly onChange: (form: AskedForm) => void;
  readonly onAsk: () => void;
}

type SetField = <K extends keyof AskedForm>(key: K, value: AskedForm[K]) => void;

const labels = ["trusted", "untrusted", "confidential"] as const;

export function QuestionForm(props: QuestionFormProps) {
  const { form, wrong, tools, serving, isBusy, onChange, onAsk } = props;
  const set: SetField = (key, value) => onChange({ ...form, [key]: value });
  const isKnown = form.tool === "" || tools.includes(form.tool);
  return (
    <div className="grid gap-3">
      <WhoFields form={form} wrong={wrong} serving={serving} set={set} />
      <ToolField
        value={form.tool}
        tools={tools}
        wrong={wrong.tool ?? (isKnown ? null : "No tool of this name is pinned.")}
        onChange={(next) => set("tool", next)}
      />
      <Field
        label="Arguments as JSON"
        rows={5}
        mono
        value={form.args}
        onChange={(next) => set("args", next)}
        wrong={wrong.args ?? null}
      />
      <fieldset>
        <legend className="mb-1 text-xs font-medium">What was read before</legend>
        <div className="flex flex-wrap gap-x-4 gap-y-1 text-sm">
          {labels.map((label) => (
            <Check
              key={label}
              title={label}
              isOn={form.labels.includes(label)}
              onChange={(isOn) => {
                const others = form.labels.filter((each) => each !== label);
                set("labels", isOn ? [...others, label] : others);
              }}
            />
          ))}
        </div>
      </fieldset>
      <div className="grid grid-cols-2 gap-3">
        <Select
          label="Toolset"
          value={form.toolset}
          options={[
            { value: "", title: "/mcp itself" },
            ...serving.toolsets.map((name) => ({ value: name, title: name })),
          ]}
          onChange={(next) => set("toolset", next)}
        />
        <Field
          label="At (now if empty)"
          placeholder="2026-11-20T10:30:00Z"
          value={form.at}
          onChange={(next) => set("at", next)}
          wrong={wrong.at ?? null}
        />
      </div>
      <Check
        title="A person has approved it"
        isOn={form.approved}
        onChange={(isOn) => set("approved", isOn)}
      />
      <div>
        <Button look="accent" busy={isBusy} onClick={onAsk}>
          Ask policy
        </Button>
      </div>
    </div>
  );
}

interface WhoFieldsProps extends Pick<QuestionFormProps, "form" | "wrong" | "serving"> {
  readonly set: SetField;
}

function WhoFields({ form, wrong, serving, set }: WhoFieldsProps) {
  return (
    <div className="grid grid-cols-2 gap-3">
      <Field
        label="Who"
        placeholder="ada"
        value={form.subject}
        onChange={(next) => set("subject", next)}
        wrong={wrong.subject ?? null}
      />
      <Select
        label="Is a"
        value={form.kind}
        options={[
          { value: "user", title: "person" },
          { value: "service", title: "program (API key)" },
        ]}
        onChange={(next) => set("kind", next)}
      />
      <Field
        label="Roles (optional)"
        placeholder="payer, staff"
        value={form.roles}
        onChange={(next) => set("roles", next)}
      />
      <Select
        label="Through the agent"
        value={form.agent}
        options={[
          { value: "", title: "none" },
          ...serving.agents.map((name) => ({ value: name, title: name })),
        ]}
        onChange={(next) => set("agent", next)}
      />
    </div>
  );
}

/** Any of the pinned tools by its beginning; another name is said to be none. */
function ToolField({
  value,
  tools,
  wrong,
  onChange,
}: {
  readonly value: string;
  readonly tools: readonly string[];
  readonly wrong: string | null;
  readonly onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1 block text-xs font-medium">
        Tool
      </label>
      <input
        id={id}
        list={`${id}-tools`}
        value={value}
        placeholder="server__tool"
        spellCheck={false}
        aria-invalid={wrong !== null}
        aria-describedby={`${id}-wrong`}
        onChange={(event) => onChange(event.target.value)}
        className="h-8 w-full rounded-md border border-line-strong bg-surface px-3 font-mono text-xs text-ink placeholder:text-muted"
      />
      <datalist id={`${id}-tools`}>
        {tools.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <p id={`${id}-wrong`} className="mt-1 text-xs text-danger empty:hidden">
        {wrong}
      </p>
    </div>
  );
}

function Check({
  title,
  isOn,
  onChange,
}: {
  readonly title: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}) {
  return (
    <label className="inline-flex min-h-6 items-center gap-2 text-sm">
      <input
        type="checkbox"
        checked={isOn}
        className="size-4 accent-accent-solid"
        onChange={(event) => onChange(event.target.checked)}
      />
      {title}
    </label>
  );
}
