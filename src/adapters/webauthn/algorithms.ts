/**
 * ES256, EdDSA, RS256: what authenticators have, and what whoever checks a receipt can check anywhere.
 * Said at each call: by itself the library asks the engine for others, which warns on standard error.
 */
export const algorithms: readonly number[] = [-7, -8, -257];
