import { toKeyPage } from "./to-key-page.ts";

/**
 * The page where a person agrees to a credential, before the authorization server and after it. Nothing is
 * kept from one page to the next, so that the same person proves twice who they are. What the URL says is
 * shown as text and never as markup.
 */
const script = `
const place = new URL(location.href);
const callback = /^\\/connect\\/callback\\/([^/]*)$/.exec(place.pathname);
const isCallback = callback !== null;
const consent = place.searchParams.get("consent");
const ticket = isCallback ? place.searchParams.get("state") ?? "" : consent;
// Each authorization server sends back to a place of its own, with a state that was made for it.
const asked = isCallback ? callback[1] : place.searchParams.get("server");
// What is sent is what is shown: the ticket's server, where there is a ticket.
const given = ticket === null ? asked ?? "" : ticket.split(".")[0];
const isClear = asked === null || asked === given;
const server = isClear && /^[a-z0-9_-]{1,40}$/.test(given) ? given : null;

// A code must not stay in the history of the browser.
if (isCallback) history.replaceState(null, "", place.pathname);

if (server === null) {
  finish("This page is opened from the link that a call gives. Call the tool again for a new one.");
} else {
  find("title").textContent = (isCallback ? "Finish connecting " : "Connect ") + server;
  find("what").textContent = isCallback
    ? "Show once more who you are: whoever began this has to finish it."
    : "Countersign is about to ask for access to " + server + " in your name. Go on only if you, or an "
      + "agent of yours, just called it. First show who you are.";
}

async function send(key) {
  const body = isCallback ? { url: place.href } : consent === null ? { server } : { consent };
  const told = await post(key, "/v1/consents/" + (isCallback ? "finish" : "authorize"), body);
  if (isCallback) return finish("Done: " + told.server + " is connected. You can close this page.");
  const next = new URL(told.url);
  if (next.protocol !== "https:" && next.protocol !== "http:") return say("That leads nowhere.");
  say("On to " + next.host + " …");
  location.assign(next.href);
}

onKey(send, () => null);
`;

export const connectPage = toKeyPage({
  title: "Connect - Countersign",
  heading: `<h1 id="title">Connect</h1>\n<p id="what"></p>`,
  keyLabel: "Your API key or access token",
  button: "Continue",
  needs: "it sends your key as a header, which a form cannot.",
  script,
});
