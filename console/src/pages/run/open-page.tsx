import { useRef, useState } from "react";
import { useNavigate } from "@tanstack/react-router";
import { Button } from "../../ui/button.tsx";
import { Page } from "../../ui/page.tsx";
import { toBytes } from "../../words/to-amount.ts";
import { createFileSource } from "./file-source.ts";
import { mostFileBytes, parseRunFile, type ParsedRunFile } from "./parse-run-file.ts";
import { RunFrame } from "./run-frame.tsx";
import type { RunSource } from "./run-source.ts";

interface Opened {
  readonly source: RunSource;
  readonly name: string;
  readonly size: number;
}

type Refused = Extract<ParsedRunFile, { kind: "refused" }>;

/** Files of one name may be opened one after the other: what is kept of one is not shown for the next. */
let openedFiles = 0;

async function open(file: File): Promise<Opened | Refused> {
  const { name, size } = file;
  if (size > mostFileBytes)
    return {
      kind: "refused",
      why: `${name} is ${toBytes(size)} long; a page opens ${toBytes(mostFileBytes)} at most.`,
      remedy: "Export the run without --contents.",
    };
  const parsed = parseRunFile(await file.text());
  if (parsed.kind === "refused") return parsed;
  openedFiles += 1;
  return { source: createFileSource(parsed.file, `${openedFiles}`), name, size };
}

/** A run from a file, without a server and without a key: nothing of it is sent anywhere. */
export function OpenPage() {
  const [opened, setOpened] = useState<Opened | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const [isReading, setReading] = useState(false);
  const navigate = useNavigate();
  const read = async (file: File): Promise<void> => {
    setReading(true);
    setRefused(null);
    try {
      const came = await open(file);
      if ("kind" in came) return setRefused(came);
      setOpened(came);
    } catch (error) {
      const why = `${file.name} cannot be read: ${error instanceof Error ? error.message : ""}.`;
      setRefused({ kind: "refused", why, remedy: "Choose it again." });
    } finally {
      setReading(false);
    }
  };
  const close = (): void => {
    setOpened(null);
    void navigate({ to: "/open", search: {} });
  };
  return (
    <div className="flex h-full min-h-0 flex-col">
      {opened === null ? null : <FileBar opened={opened} onClose={close} />}
      <main className="min-h-0 flex-1 overflow-y-auto">
        {opened === null ? (
          <Page title="Exported run">
            <Drop refused={refused} isReading={isReading} onFile={(file) => void read(file)} />
          </Page>
        ) : (
          <RunFrame key={opened.source.id} source={opened.source} />
        )}
      </main>
    </div>
  );
}

function FileBar({ opened, onClose }: { readonly opened: Opened; readonly onClose: () => void }) {
  return (
    <aside
      aria-label="Opened file"
      className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 bg-info-soft px-4 py-1.5 text-sm md:px-6"
    >
      <span className="min-w-0 truncate">
        From the file <strong className="font-medium">{opened.name}</strong>, {toBytes(opened.size)}
        : as it was when it was exported.
      </span>
      <span className="ml-auto">
        <Button look="quiet" onClick={onClose}>
          Close the file
        </Button>
      </span>
    </aside>
  );
}

interface DropProps {
  readonly refused: Refused | null;
  readonly isReading: boolean;
  readonly onFile: (file: File) => void;
}

function Drop({ refused, isReading, onFile }: DropProps) {
  const [isOver, setOver] = useState(false);
  const chosen = useRef<HTMLInputElement>(null);
  const take = (files: FileList | null): void => {
    const file = files?.item(0) ?? null;
    if (file !== null) onFile(file);
  };
  return (
    <div className="mx-auto max-w-2xl">
      <div
        className={`flex flex-col items-center rounded-xl border-2 border-dashed px-6 py-14 text-center ${isOver ? "border-accent bg-accent-soft" : "border-line-strong bg-surface"}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer.files);
        }}
      >
        <h2 className="text-base font-medium">Drop an exported run here</h2>
        <p className="mt-2 max-w-md text-sm text-muted">
          The page reads it by itself. Nothing of it is sent anywhere, and no key is needed. When
          the page is closed, it is gone.
        </p>
        <div className="mt-5">
          <Button look="accent" busy={isReading} onClick={() => chosen.current?.click()}>
            {isReading ? "Reading …" : "Choose a file"}
          </Button>
        </div>
        <input
          ref={chosen}
          type="file"
          accept=".json,application/json"
          aria-label="File of an exported run"
          className="hidden"
          onChange={(event) => {
            take(event.target.files);
            // The same file may be chosen once more, when it has been mended.
            event.target.value = "";
          }}
        />
      </div>
      {refused === null ? null : (
        <div role="alert" className="mt-4 rounded-lg border border-danger/40 bg-danger-soft p-4">
          <p className="font-medium wrap-anywhere text-danger">{refused.why}</p>
          <p className="mt-1 text-sm">{refused.remedy}</p>
        </div>
      )}
      <div className="mt-6 text-sm text-muted">
        <p>Such a file is written by</p>
        <pre
          className="mt-2 overflow-x-auto rounded-md border border-line bg-sunken px-3 py-2 font-mono text-xs text-ink"
          tabIndex={0}
        >
          countersign runs export ID --contents &gt; run.json
        </pre>
        <p className="mt-2">
          Without <code className="font-mono text-xs">--contents</code> it holds no text of the run:
          no arguments, no answers, nothing that was said.
        </p>
      </div>
    </div>
  );
}
