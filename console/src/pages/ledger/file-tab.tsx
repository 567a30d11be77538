import { useId, useState } from "react";
import { Empty } from "../../ui/empty.tsx";
import { ReceiptReport } from "./receipt-report.tsx";
import { useTrust } from "./use-trust.ts";

/** The verifier takes no longer text than this. */
const mostBytes = 16 * 1024 * 1024;

interface Chosen {
  readonly name: string;
  readonly text: string | null;
  readonly refused: string | null;
}

/** A receipt that somebody sent: nothing of it leaves this page. */
export function FileTab() {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [isOver, setOver] = useState(false);
  const trust = useTrust();
  const id = useId();
  const take = (file: File | undefined): void => {
    if (file !== undefined) void readChosen(file).then(setChosen);
  };
  return (
    <div
      className="min-h-full p-4 md:p-6"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files[0]);
      }}
    >
      <div
        className={`mb-6 rounded-lg border-2 border-dashed p-5 text-center ${isOver ? "border-accent bg-accent-soft" : "border-line-strong"}`}
      >
        <label htmlFor={id} className="text-sm font-medium">
          Drop a receipt file anywhere here, or choose one
        </label>
        <input
          id={id}
          type="file"
          accept=".json,application/json"
          className="mx-auto mt-3 block max-w-full text-sm text-muted file:mr-3 file:rounded-md file:border file:border-line-strong file:bg-raised file:px-3 file:py-1.5 file:text-sm file:text-ink"
          onChange={(event) => take(event.target.files?.[0])}
        />
        {chosen === null ? null : (
          <p className="mt-3 text-xs break-all text-muted">Shown below: {chosen.name}</p>
        )}
      </div>
      {chosen === null ? (
        <Empty
          title="Check what somebody sent you"
          command="countersign receipts show ID --save receipt.json"
        >
          The file and a public key are enough: it is checked in this page, and nothing is sent.
        </Empty>
      ) : null}
      {chosen?.refused === undefined || chosen.refused === null ? null : (
        <p role="alert" className="text-danger">
          {chosen.refused}
        </p>
      )}
      {chosen === null || chosen.text === null ? null : (
        <ReceiptReport text={chosen.text} trust={trust} />
      )}
    </div>
  );
}

async function readChosen(file: File): Promise<Chosen> {
  const { name, size } = file;
  if (size > mostBytes)
    return { name, text: null, refused: "It is larger than 16 MiB: no receipt." };
  try {
    return { name, text: await file.text(), refused: null };
  } catch (error) {
    return { name, text: null, refused: `The file could not be read: ${String(error)}` };
  }
}
