/**
 * Which of our resources a path belongs to, itself a path: `/mcp`, `/mcp/<toolset>`, or `""` for the
 * API. With the public URL before it, it is the resource's identifier (RFC 8707).
 */
export function toPlace(path: string): string {
  if (path !== "/mcp" && !path.startsWith("/mcp/")) return apiPlace;
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

export const apiPlace = "";

export function fromToolset(toolset: string): string {
  return toolset === "" ? "/mcp" : `/mcp/${toolset}`;
}
