import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { parseStrictJson, type Json } from "../../../../src/lib/strict-json.ts";
import { useClient, useRoleReason } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Field } from "../../ui/field.tsx";
import { Inert } from "../../ui/inert.tsx";
import { ArgumentField } from "./argument-field.tsx";
import { CalledView } from "./called-view.tsx";
import type { Tried } from "./read-called.ts";
import { checkArguments, type WrongArgument } from "./check-arguments.ts";
import {
  isObject,
  readForm,
  toFilled,
  toFormFields,
  type Filled,
  type FormField,
} from "./schema-form.ts";
import type { ServerTool } from "./server-tool.ts";

export interface TryToolProps {
  readonly name: string;
  readonly effect: ServerTool["effect"];
  readonly isBlocked: boolean;
  readonly schema: unknown;
}

/** What will be sent, or what is wrong with it. */
type Entry =
  | { readonly kind: "args"; readonly args: Readonly<Record<string, Json>> }
  | { readonly kind: "wrong"; readonly found: readonly WrongArgument[] };

export function TryTool({ name, effect, isBlocked, schema }: TryToolProps) {
  const client = useClient();
  const queries = useQueryClient();
  const role = useRoleReason("admin", "caller");
  const fields = toFormFields(schema);
  const [filled, setFilled] = useState<Filled>({});
  const [text, setText] = useState<string | null>(fields === null ? "{}" : null);
  const [isPressed, setPressed] = useState(false);
  const form = fields === null ? null : readForm(fields, filled);
  const entry = text === null ? toEntry(form!) : readText(schema, text);
  const call = useMutation({
    mutationFn: async (args: Readonly<Record<string, Json>>): Promise<Tried> => {
      const startedMs = performance.now();
      const { body } = await client.callTool({ body: JSON.stringify({ name, arguments: args }) });
      return { called: body, tookMs: performance.now() - startedMs };
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["servers"] }),
  });
  const wrong = isPressed && entry.kind === "wrong" ? entry.found : [];
  return (
    <div className="grid gap-4">
      {text === null ? (
        <Fields
          fields={fields!}
          filled={filled}
          wrong={isPressed ? form!.wrong : {}}
          onChange={setFilled}
        />
      ) : (
        <Field label="Arguments as JSON" rows={8} mono value={text} onChange={setText} />
      )}
      {text !== null && wrong.length > 0 ? <Wrong found={wrong} /> : null}
      <div className="flex flex-wrap items-center gap-2">
        <Button
          look={effect === "destructive" ? "danger" : "accent"}
          reason={role ?? (isBlocked ? "It is blocked until its change is accepted." : null)}
          busy={call.isPending}
          onClick={() => {
            setPressed(true);
            if (entry.kind === "args") call.mutate(entry.args);
          }}
        >
          {call.isPending ? "Calling…" : "Call"}
        </Button>
        <Switch
          text={text}
          reason={toSwitchReason(fields, entry)}
          onSwitch={() => {
            if (text === null) return setText(JSON.stringify(form!.args, null, 2));
            if (entry.kind !== "args" || fields === null) return;
            setFilled(toFilled(fields, entry.args) ?? {});
            setText(null);
          }}
        />
        {effect === "read" ? null : (
          <span className="text-xs text-muted">
            This is a real call: what the tool changes is changed.
          </span>
        )}
      </div>
      {call.error === null ? null : <FaultNotice error={call.error} />}
      {call.data === undefined || call.isPending ? null : <CalledView tried={call.data} />}
    </div>
  );
}

function toEntry({ args, wrong }: ReturnType<typeof readForm>): Entry {
  const found = Object.entries(wrong).map(([name, message]) => ({ pointer: `/${name}`, message }));
  return found.length > 0 ? { kind: "wrong", found } : { kind: "args", args };
}

function readText(schema: unknown, text: string): Entry {
  const read = parseStrictJson(text.trim() === "" ? "{}" : text);
  if (read.kind === "refused")
    return { kind: "wrong", found: [{ pointer: read.pointer, message: read.reason }] };
  if (!isObject(read.value))
    return { kind: "wrong", found: [{ pointer: "", message: "arguments are an object" }] };
  const found = checkArguments(schema, read.value);
  return found.length > 0 ? { kind: "wrong", found } : { kind: "args", args: read.value };
}

function toSwitchReason(fields: readonly FormField[] | null, entry: Entry): string | null {
  if (fields === null) return "No form can be made of what this tool takes.";
  if (entry.kind === "wrong") return "The JSON has to be right first.";
  return toFilled(fields, entry.args) === null ? "The form cannot hold these arguments." : null;
}

function Switch({
  text,
  reason,
  onSwitch,
}: {
  readonly text: string | null;
  readonly reason: string | null;
  readonly onSwitch: () => void;
}) {
  return (
    <Button look="quiet" reason={text === null ? null : reason} onClick={onSwitch}>
      {text === null ? "As JSON" : "As a form"}
    </Button>
  );
}

interface FieldsProps {
  readonly fields: readonly FormField[];
  readonly filled: Filled;
  readonly wrong: Readonly<Record<string, string>>;
  readonly onChange: (filled: Filled) => void;
}

function Fields({ fields, filled, wrong, onChange }: FieldsProps) {
  if (fields.length === 0) return <p className="text-sm text-muted">It takes no arguments.</p>;
  return fields.map((field) => (
    <ArgumentField
      key={field.name}
      field={field}
      value={filled[field.name] ?? ""}
      wrong={wrong[field.name] ?? null}
      onChange={(value) => onChange({ ...filled, [field.name]: value })}
    />
  ));
}

function Wrong({ found }: { readonly found: readonly WrongArgument[] }) {
  return (
    <div role="alert">
      <ul className="grid gap-1 text-sm text-danger">
        {found.map(({ pointer, message }) => (
          <li key={`${pointer}${message}`}>
            {pointer === "" ? null : (
              <code className="font-mono text-xs">
                <Inert text={pointer} />{" "}
              </code>
            )}
            <Inert text={message} />
          </li>
        ))}
      </ul>
    </div>
  );
}
