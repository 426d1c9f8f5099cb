/** JSON over HTTP as islands need it: the server's problem in words, and a lost connection told apart. */

export interface Problem {
  readonly detail: string;
  /** Messages by dotted path of the field; only for 422. */
  readonly errors: Readonly<Record<string, readonly string[]>>;
}

export type Answer =
  | { readonly kind: "ok"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: "problem"; readonly status: number; readonly problem: Problem; readonly body: unknown }
  | { readonly kind: "unreachable" };

const WORDS: Readonly<Record<number, string>> = {
  400: "The request was not understood. Reload the page and try again.",
  401: "You have been signed out. Sign in again in another tab, then repeat.",
  403: "You are not allowed to do this.",
  404: "This no longer exists, or you may not see it.",
  409: "Somebody else changed this in the meantime.",
  413: "That is too large.",
  422: "Some entries need attention.",
  429: "Too many requests. Wait a moment and try again.",
};

/** Sends JSON with the CSRF token; never throws for what a server or a network can do. */
export async function sendJson(method: string, url: string, body: unknown, csrf: string): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify(body),
    });
  } catch {
    return { kind: "unreachable" };
  }
  const answer = await readObject(response);
  if (response.ok) return { kind: "ok", body: answer };
  return { kind: "problem", status: response.status, problem: problemOf(response.status, answer), body: answer };
}

async function readObject(response: Response): Promise<Record<string, unknown>> {
  try {
    const value: unknown = await response.json();
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** The problem+json of RFC 9457 in `body`, with words of our own where it has none. */
export function problemOf(status: number, body: unknown): Problem {
  const object = isObject(body) ? body : {};
  const said = typeof object.detail === "string" ? object.detail : "";
  const fallback = WORDS[status] ?? "Something went wrong on the server. Try again.";
  const errors = isObject(object.errors) ? object.errors : {};
  return {
    detail: said || fallback,
    errors: Object.fromEntries(Object.entries(errors).map(([path, found]) => [path, messages(found)])),
  };
}

/** The sentence for a person in a failed answer: its problem's detail, or words for the status. */
export function failureText(status: number, text: string): string {
  try {
    return problemOf(status, JSON.parse(text)).detail;
  } catch {
    // An error page, not JSON.
    return problemOf(status, null).detail;
  }
}

function messages(found: unknown): string[] {
  if (Array.isArray(found)) return found.map(String);
  return [String(found)];
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
