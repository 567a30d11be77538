import type { Approval } from "../../../../src/client/client.ts";
import { Inert } from "../../ui/inert.tsx";
import { toSentence } from "./approval-words.ts";

/** What would be done, in one sentence. */
export function Sentence({ approval }: { readonly approval: Approval }) {
  return toSentence(approval).map(({ text, quoted }, index) =>
    quoted ? (
      <b key={index} className="font-semibold">
        <Inert text={text} />
      </b>
    ) : (
      text
    ),
  );
}
