import { useNavigate } from "@tanstack/react-router";
import { useId, useLayoutEffect, useRef, useState } from "react";
import { toMatches, type Command } from "./to-matches.ts";
import { places } from "./places.ts";
import { chooseTheme, themes } from "./theme.ts";
import { signOut } from "./session.ts";

/** What may be gone to or done, by typing a part of its name. An id is gone to as it is. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = useState("");
  const [chosen, setChosen] = useState(0);
  const matches = toMatches(useCommands(), asked);
  const list = useId();
  const at = Math.min(chosen, Math.max(0, matches.length - 1));
  useLayoutEffect(() => {
    const shown = box.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const listen = (key: string): boolean => {
    if (key === "ArrowDown") setChosen((at + 1) % Math.max(1, matches.length));
    else if (key === "ArrowUp") setChosen((at + matches.length - 1) % Math.max(1, matches.length));
    else if (key === "Enter") run(matches[at]);
    else return false;
    return true;
  };
  return (
    <dialog
      ref={box}
      aria-label="Go to, or do"
      className="mx-auto mt-[12vh] mb-auto w-[min(36rem,calc(100vw-2rem))] overflow-hidden rounded-xl border border-line bg-raised p-0 text-ink shadow-2xl"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === box.current) onClose();
      }}
    >
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={matches.length === 0 ? undefined : `${list}-${at}`}
        aria-label="A page, an action, or an id"
        placeholder="A page, an action, or an id …"
        className="h-12 w-full border-b border-line bg-transparent px-4 text-base outline-none"
        value={asked}
        autoFocus
        onChange={(event) => {
          setAsked(event.target.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.repeat && event.key === "Enter") return;
          if (listen(event.key)) event.preventDefault();
        }}
      />
      <ul id={list} role="listbox" aria-label="Matches" className="max-h-80 overflow-y-auto p-2">
        {matches.map((command, index) => (
          <li
            key={command.title}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === at}
            className={`flex items-center rounded-md px-3 py-2 text-sm ${index === at ? "bg-accent-soft text-accent" : ""}`}
            onMouseMove={() => setChosen(index)}
            onClick={() => run(command)}
          >
            {command.title}
            <span className="ml-auto text-xs text-muted">{command.hint}</span>
          </li>
        ))}
      </ul>
      {matches.length === 0 ? (
        <p className="px-5 pb-4 text-sm text-muted">Nothing is called that.</p>
      ) : null}
    </dialog>
  );
}

function useCommands(): readonly Command[] {
  const navigate = useNavigate();
  const go = (to: string) => () => void navigate({ to });
  return [
    ...places.map(({ to, title, letter }) => ({ title, hint: `g ${letter}`, run: go(to) })),
    { title: "Open an exported run", hint: "", run: go("/open") },
    ...themes.map((name) => ({
      title: `Theme: ${name}`,
      hint: "",
      run: () => chooseTheme(name),
    })),
    { title: "Sign out", hint: "forgets the key", run: () => signOut() },
    {
      title: "Go to the run",
      hint: "by its id",
      takes: uuid,
      run: () => undefined,
      go: (id: string) => void navigate({ to: `/runs/${id}` }),
    },
    {
      title: "Go to the approval",
      hint: "by its id",
      takes: uuid,
      run: () => undefined,
      go: (id: string) => void navigate({ to: `/approvals/${id}` }),
    },
    {
      title: "Go to the receipt",
      hint: "by its id",
      takes: uuid,
      run: () => undefined,
      go: (id: string) => void navigate({ to: `/receipts/${id}` }),
    },
  ];
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
