/** RFC 6570 as servers use it, as a test for URIs: each expression becomes a run of characters. */
export function toMatcher(template: string): (uri: string) => boolean {
  const parts = template.split(/(\{[^{}]*\})/);
  const pattern = parts
    .map((part) => (/^\{.*\}$/.test(part) ? toPattern(part.slice(1, -1)) : escape(part)))
    .join("");
  const expression = new RegExp(`^${pattern}$`, "u");
  return (uri) => uri.length <= maxUri && expression.test(uri);
}

const maxUri = 8_192;

/** No two runs stand beside each other without a mark in between but where the template has them so. */
function toPattern(expression: string): string {
  switch (expression.charAt(0)) {
    case "+":
    case "#":
      return ".*";
    case "/":
      return "(?:/[^?#]*)?";
    case ".":
      return "(?:\\.[^/?#]*)?";
    case "?":
    case "&":
      return "(?:[?&][^#]*)?";
    case ";":
      return "(?:;[^/?#]*)?";
    default:
      return "[^/?#]*";
  }
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
