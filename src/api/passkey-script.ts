/**
 * What a page of ours needs to have a passkey made or to have it sign: from the JSON that the API
 * gives to what the browser takes, and back. By hand, since browsers of some years ago have passkeys
 * and not these conversions.
 */
export const passkeyScript = `
const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
const toText = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (each) => String.fromCharCode(each)).join(""))
    .replace(/[+]/g, "-").replace(/[/]/g, "_").replace(/=/g, "");
const toKnown = (each) => ({ ...each, id: toBytes(each.id) });

async function createPasskey(asked) {
  const made = await navigator.credentials.create({ publicKey: {
    ...asked,
    challenge: toBytes(asked.challenge),
    user: { ...asked.user, id: toBytes(asked.user.id) },
    excludeCredentials: (asked.excludeCredentials || []).map(toKnown),
  } });
  const { clientDataJSON, attestationObject } = made.response;
  const transports = made.response.getTransports ? made.response.getTransports() : [];
  return {
    id: made.id,
    rawId: toText(made.rawId),
    type: made.type,
    response: {
      clientDataJSON: toText(clientDataJSON),
      attestationObject: toText(attestationObject),
      transports,
    },
  };
}

async function signWithPasskey(asked) {
  const signed = await navigator.credentials.get({ publicKey: {
    ...asked,
    challenge: toBytes(asked.challenge),
    allowCredentials: (asked.allowCredentials || []).map(toKnown),
  } });
  const { clientDataJSON, authenticatorData, signature, userHandle } = signed.response;
  return {
    id: signed.id,
    rawId: toText(signed.rawId),
    type: signed.type,
    response: {
      clientDataJSON: toText(clientDataJSON),
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      userHandle: userHandle && userHandle.byteLength > 0 ? toText(userHandle) : null,
    },
  };
}

function explainPasskey(error) {
  switch (error.name) {
    case "NotAllowedError":
      return "Nothing was done: it was cancelled or took too long, or no passkey fitted.";
    case "InvalidStateError":
      return "This device has a passkey for this approver already.";
    case "SecurityError":
      return "The browser does not use passkeys at this address.";
    case "NotSupportedError":
      return "This device has no passkeys of a kind that is taken here.";
    default:
      return null;
  }
}
`;
