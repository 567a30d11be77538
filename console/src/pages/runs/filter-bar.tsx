import { useEffect, useId, useState, type RefObject } from "react";
import { Button } from "../../ui/button.tsx";
import { toShort } from "../../words/to-amount.ts";
import { noFilter, withWord, type RunFilter } from "./run-filter.ts";

export interface FilterBarProps {
  readonly filter: RunFilter;
  readonly agents: readonly string[];
  readonly field: RefObject<HTMLInputElement | null>;
  readonly onChange: (filter: RunFilter) => void;
  readonly onSaved: () => void;
}

export function FilterBar({ filter, agents, field, onChange, onSaved }: FilterBarProps) {
  return (
    <div className="flex flex-wrap items-center gap-2 px-4 pb-2 md:px-6">
      <Word filter={filter} agents={agents} field={field} onChange={onChange} />
      <label className="flex h-8 items-center gap-2 text-sm">
        <input
          type="checkbox"
          checked={filter.isTop}
          className="size-4 accent-accent-solid"
          onChange={({ target }) => onChange({ ...filter, isTop: target.checked })}
        />
        Without sub-agents
      </label>
      {filter.parent === null ? null : (
        <Button
          label={`Stop showing only sub-agents of ${filter.parent}`}
          onClick={() => onChange({ ...filter, parent: null })}
        >
          of {toShort(filter.parent)} ✕
        </Button>
      )}
      <div className="ml-auto flex gap-2">
        {isNarrow(filter) ? (
          <Button look="quiet" onClick={() => onChange(noFilter)}>
            Show all
          </Button>
        ) : null}
        <Button hotkey="F" onClick={onSaved}>
          Saved
        </Button>
      </div>
    </div>
  );
}

/** What it is typed for is taken at Enter, or as soon as it is certain. */
function Word({ filter, agents, field, onChange }: Omit<FilterBarProps, "onSaved">) {
  const id = useId();
  const asked = filter.begins ?? filter.agent ?? "";
  const [text, setText] = useState(asked);
  useEffect(() => setText(asked), [asked]);
  const take = (word: string): void => onChange(withWord(filter, word));
  return (
    <form
      role="search"
      className="min-w-0 flex-1 basis-52 md:max-w-80"
      onSubmit={(event) => {
        event.preventDefault();
        take(text);
      }}
    >
      <label htmlFor={id} className="sr-only">
        Agent, or the beginning of an id
      </label>
      <input
        id={id}
        ref={field}
        value={text}
        list={`${id}-agents`}
        spellCheck={false}
        autoComplete="off"
        placeholder="Agent or id   ( / )"
        className="h-8 w-full rounded-md border border-line-strong bg-surface px-3 text-sm text-ink"
        onChange={({ target }) => {
          setText(target.value);
          if (target.value === "" || agents.includes(target.value)) take(target.value);
        }}
        onBlur={() => take(text)}
        onKeyDown={({ key, currentTarget }) => {
          if (key === "Escape") currentTarget.blur();
        }}
      />
      <datalist id={`${id}-agents`}>
        {agents.map((agent) => (
          <option key={agent} value={agent} />
        ))}
      </datalist>
    </form>
  );
}

function isNarrow({ state, agent, parent, isTop, begins }: RunFilter): boolean {
  return [state, agent, parent, begins].some((each) => each !== null) || isTop;
}
