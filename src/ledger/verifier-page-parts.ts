export const pageStyle = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0; padding: 1.5rem; overflow-wrap: anywhere }
main { max-width: 46rem; margin: 4vh auto 0 }
h1 { font-size: 1.4rem }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .25rem }
label, textarea, input { display: block; width: 100%; box-sizing: border-box; font: inherit }
textarea { margin: .5rem 0 1rem; padding: .75rem; border: 1px solid; border-radius: .4rem; font-family: ui-monospace, monospace; font-size: .85rem }
#drop { padding: 1rem; border: 2px dashed; border-radius: .4rem }
#drop input { margin-top: .5rem }
ul { margin: 0; padding-left: 1.25rem }
.verdict { margin-top: 1.5rem; padding: .75rem 1rem; border: 2px solid; border-radius: .4rem; font-size: 1.2rem; font-weight: 600 }
.yes { color: light-dark(#0a5c2b, #7ee2a8) }
.no { color: light-dark(#a3121b, #ff9aa0) }
`;

/** Runs behind the verifier, in one script with it. What a receipt says becomes text, never markup. */
export const pageScript = `
const maxFile = 16 * 1024 * 1024;
const byId = (id) => document.getElementById(id);
const linesOf = (id) => byId(id).value.split("\\n").map((line) => line.trim()).filter((line) => line !== "");
let chosen = null;
let latest = 0;

function add(name, text, kind) {
  const element = document.createElement(name);
  element.textContent = text;
  if (kind !== undefined) element.className = kind;
  byId("report").append(element);
  return element;
}

function addList(title, lines) {
  if (lines.length === 0) return;
  add("h2", title);
  const list = add("ul", "");
  for (const line of lines) {
    const item = document.createElement("li");
    item.textContent = line;
    list.append(item);
  }
}

function render(report) {
  byId("report").replaceChildren();
  add("p", report.verified ? "Verified" : "Not verified", report.verified ? "verdict yes" : "verdict no");
  addList("Problems", report.problems.map(({ place, text }) => place + ": " + text + "."));
  addList("What it says", report.entries);
  addList("What it shows", report.opened.map(({ of, text }) => of + ": " + text));
  addList("What it proves", report.proves);
  addList("What it does not prove", report.doesNotProve);
  if (report.checkpoint === null) return;
  const { origin, size, root } = report.checkpoint;
  addList("Checkpoint", [origin, String(size) + " entries", "root " + root, ...report.keys]);
}

const refused = (text) => render({
  verified: false, problems: [{ place: "the receipt", text }], checkpoint: null,
  keys: [], passkeys: [], entries: [], opened: [], proves: [], doesNotProve: [],
});

async function verifyChosen() {
  if (chosen === null) return;
  const turn = ++latest;
  byId("report").replaceChildren();
  try {
    if (chosen.size > maxFile) return refused("its file is larger than 16 MiB");
    const passkeys = linesOf("passkeys");
    const trust = { keys: linesOf("keys"), passkeys: passkeys.length === 0 ? null : passkeys };
    const report = await verifyReceipt(await chosen.text(), trust);
    // Whoever chose another file meanwhile sees that one's report.
    if (turn === latest) render(report);
  } catch (error) {
    if (turn === latest) refused("it could not be read (" + String(error) + ")");
  }
}

byId("file").addEventListener("change", () => {
  chosen = byId("file").files[0] ?? null;
  verifyChosen();
});
for (const id of ["keys", "passkeys"]) byId(id).addEventListener("input", verifyChosen);
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  chosen = event.dataTransfer?.files[0] ?? chosen;
  verifyChosen();
});
`;
