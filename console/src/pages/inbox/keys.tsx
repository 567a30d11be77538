import { Key } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";

const keys = [
  ["J / K", "The next one, the one before"],
  ["A", "Approve; where something is destroyed, Enter says that you are sure"],
  ["D", "Deny, with a reason if you like; Enter sends it"],
  ["E", "Explain: the rules, what can be done, what it can reach"],
  ["X", "Select; A and D then mean all that are selected, one by one"],
  ["Enter", "Open, on a phone"],
  ["Esc", "Clear the selection, or go back to the list"],
  ["?", "These keys"],
] as const;

export function Keys({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys of the inbox" onClose={onClose}>
      <dl className="grid grid-cols-[max-content_1fr] items-baseline gap-x-4 gap-y-2.5">
        {keys.map(([key, meaning]) => (
          <div key={key} className="contents">
            <dt className="text-muted">
              <Key>{key}</Key>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
