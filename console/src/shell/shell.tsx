import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useHotkeys } from "../ui/hotkeys.ts";
import { useNowMs } from "../ui/now.ts";
import { useSignal } from "../ui/signal.ts";
import { Key } from "../ui/button.tsx";
import { toDuration } from "../words/to-duration.ts";
import { lostSinceMs } from "./connection.ts";
import { Icon } from "./icons.tsx";
import { Palette } from "./palette.tsx";
import { places } from "./places.ts";
import { sessionState, signOut } from "./session.ts";
import { SignIn } from "./sign-in.tsx";
import { useWaitingCount } from "./use-waiting-count.ts";

export function Shell() {
  const { session } = useSignal(sessionState);
  return session === null ? <SignIn /> : <House />;
}

function House() {
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const navigate = useNavigate();
  useHotkeys([
    { keys: "mod+k", title: "Go to, or do", run: () => setPaletteOpen(true) },
    ...places.map(({ to, title, letter }) => ({
      keys: `g ${letter}`,
      title,
      run: () => void navigate({ to }),
    })),
  ]);
  return (
    <div className="flex h-full flex-col md:flex-row">
      <a
        href="#main"
        className="sr-only z-20 rounded bg-raised p-2 focus:not-sr-only focus:absolute"
      >
        To the page
      </a>
      <Sidebar onSearch={() => setPaletteOpen(true)} />
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <Lost />
        <main
          id="main"
          tabIndex={-1}
          className="min-h-0 min-w-0 flex-1 overflow-y-auto outline-none"
        >
          <Outlet />
        </main>
      </div>
      <PhoneBar onSearch={() => setPaletteOpen(true)} />
      {isPaletteOpen ? <Palette onClose={() => setPaletteOpen(false)} /> : null}
    </div>
  );
}

function Sidebar({ onSearch }: { readonly onSearch: () => void }) {
  const { session } = useSignal(sessionState);
  const waiting = useWaitingCount();
  return (
    <aside className="hidden w-56 shrink-0 flex-col border-r border-line bg-surface md:flex">
      <div className="flex h-14 items-center gap-2.5 px-4">
        <img src={icon} alt="" width="24" height="24" />
        <span className="text-base font-semibold tracking-tight">Countersign</span>
      </div>
      <button
        type="button"
        className="mx-3 mb-3 flex h-8 items-center gap-2 rounded-md border border-line bg-canvas px-2 text-sm text-muted hover:border-line-strong"
        onClick={onSearch}
      >
        <Icon name="search" />
        Search
        <span className="ml-auto">
          <Key>Ctrl K</Key>
        </span>
      </button>
      <nav aria-label="Pages" className="grid gap-0.5 px-3">
        {places.map(({ to, title, icon: name }) => (
          <Link
            key={to}
            to={to}
            className="flex h-8 items-center gap-2.5 rounded-md px-2 text-sm text-muted hover:bg-hover hover:text-ink aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium aria-[current=page]:text-accent"
          >
            <Icon name={name} />
            {title}
            {to === "/approvals" && waiting !== null && waiting > 0 ? (
              <span className="ml-auto rounded-full bg-accent-solid px-1.5 text-xs font-medium text-on-solid tabular-nums">
                {waiting}
              </span>
            ) : null}
          </Link>
        ))}
      </nav>
      <div className="mt-auto flex items-center gap-2 border-t border-line px-4 py-3 text-xs text-muted">
        <div className="min-w-0">
          <p className="truncate text-ink">{session?.holder.name}</p>
          <p className="truncate">{session?.holder.roles.join(", ")}</p>
        </div>
        <button
          type="button"
          className="ml-auto shrink-0 rounded px-2 py-1 hover:bg-hover hover:text-ink"
          onClick={() => signOut()}
        >
          Sign out
        </button>
      </div>
    </aside>
  );
}

const icon = new URL("../icon.svg", import.meta.url).href;
const phonePlaces = places.filter(({ to }) =>
  ["/approvals", "/runs", "/servers", "/ledger"].includes(to),
);

function PhoneBar({ onSearch }: { readonly onSearch: () => void }) {
  const waiting = useWaitingCount();
  const look =
    "flex flex-1 flex-col items-center gap-0.5 py-2 text-2xs text-muted aria-[current=page]:text-accent";
  return (
    <nav
      aria-label="Pages"
      className="order-last flex shrink-0 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {phonePlaces.map(({ to, title, icon: name }) => (
        <Link key={to} to={to} className={look}>
          <Icon name={name} />
          {title}
          {to === "/approvals" && waiting !== null && waiting > 0 ? ` (${waiting})` : ""}
        </Link>
      ))}
      <button type="button" className={look} onClick={onSearch}>
        <Icon name="more" />
        More
      </button>
    </nav>
  );
}

/** What is shown stays, and says how old it is. */
function Lost() {
  const since = useSignal(lostSinceMs);
  const nowMs = useNowMs();
  if (since === null) return null;
  return (
    <p role="status" className="shrink-0 bg-warn-soft px-4 py-2 text-sm text-warn">
      Countersign does not answer since {toDuration(Math.max(1_000, nowMs - since))}. What you see
      is as it was then; the page goes on by itself.
    </p>
  );
}
