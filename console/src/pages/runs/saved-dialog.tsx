import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { createSignal, useSignal } from "../../ui/signal.ts";
import { isFiltered, toSearch, type RunFilter } from "./run-filter.ts";
import {
  addSaved,
  longestName,
  mostSaved,
  parseSaved,
  toSavedText,
  type SavedFilter,
} from "./saved-filters.ts";

const place = "countersign.runs.filters";
const kept = createSignal<readonly SavedFilter[]>(parseSaved(read()));

export interface SavedDialogProps {
  readonly filter: RunFilter;
  readonly onClose: () => void;
}

/** Filters with a name, in this browser. Each is an address that can be sent to somebody, too. */
export function SavedDialog({ filter, onClose }: SavedDialogProps) {
  const saved = useSignal(kept);
  return (
    <Dialog
      title="Saved filters"
      onClose={onClose}
      actions={<Button onClick={onClose}>Close</Button>}
    >
      {saved.length === 0 ? (
        <p className="text-muted">
          None yet. Choose what you want to see, come back here and give it a name: it is one key
          away from then on.
        </p>
      ) : (
        <ul className="divide-y divide-line rounded-md border border-line">
          {saved.map((each) => (
            <li key={each.name} className="flex items-center gap-3 px-3 py-1.5">
              <Link
                to="/runs"
                search={toSearch(each.filter)}
                className="min-w-0 flex-1 truncate font-medium hover:text-accent"
                onClick={onClose}
              >
                {each.name}
              </Link>
              <Copy text={toAddress(each.filter)} label="address of" />
              <Button
                look="quiet"
                label={`Forget ${each.name}`}
                onClick={() => keep(saved.filter(({ name }) => name !== each.name))}
              >
                Forget
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Saving filter={filter} saved={saved} />
    </Dialog>
  );
}

function Saving({
  filter,
  saved,
}: {
  readonly filter: RunFilter;
  readonly saved: readonly SavedFilter[];
}) {
  const [name, setName] = useState("");
  const given = name.trim().slice(0, longestName);
  const added = given === "" ? null : addSaved(saved, { name: given, filter });
  const reason = !isFiltered(filter)
    ? "Nothing is filtered now."
    : given === ""
      ? "It needs a name."
      : added === null
        ? `${mostSaved} are kept at most: forget one first.`
        : null;
  return (
    <form
      className="mt-4 flex items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (reason !== null || added === null) return;
        keep(added);
        setName("");
      }}
    >
      <div className="flex-1">
        <Field label="Name for what is shown now" value={name} onChange={setName} />
      </div>
      <Button
        reason={reason}
        onClick={() => {
          if (added === null) return;
          keep(added);
          setName("");
        }}
      >
        Save
      </Button>
    </form>
  );
}

function toAddress(filter: RunFilter): string {
  const search = Object.entries(toSearch(filter)).map(([name, value]) => [name, String(value)]);
  return `${location.origin}/runs?${new URLSearchParams(search).toString()}`;
}

function keep(saved: readonly SavedFilter[]): void {
  kept.set(saved);
  try {
    localStorage.setItem(place, toSavedText(saved));
  } catch {
    // A browser that keeps nothing has them until the page is closed.
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(place);
  } catch {
    return null;
  }
}
