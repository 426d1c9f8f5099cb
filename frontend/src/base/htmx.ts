/** htmx under our content security policy: CSRF header, no evaluated text, failures said aloud. */
import htmx from "htmx.org";

import { failureText } from "./http.ts";
import { csrfToken } from "./page.ts";
import { toast } from "./toasts.ts";

interface RequestDetail {
  readonly ctx: {
    readonly request: { readonly method: string; readonly headers: Record<string, string> };
    readonly response?: { readonly raw: Response };
    readonly text?: string;
  };
}

const SAFE = /^(?:GET|HEAD|OPTIONS)$/i;
/** Answers that are not the content asked for: shown as a message, never swapped into the page. */
const NOT_CONTENT = [204, 304, 400, 401, 403, 404, 409, 413, 429, "5xx"];

function detailOf(event: Event): RequestDetail {
  return (event as CustomEvent<RequestDetail>).detail;
}

/** Text in attributes (`hx-on`, trigger filters, `js:`) can't run under the policy: say so at once. */
function refuseEvaluation(): never {
  throw new Error("Attributes must not hold code: use a behaviour in frontend/src/base");
}

/**
 * Shows what an address answers in an element, which is the request's source as well: requests of
 * one source wait for one another, and of those that wait all but one are dropped.
 */
export async function showIn(target: HTMLElement, url: string): Promise<void> {
  await htmx.ajax("GET", url, { source: target, target, swap: "innerHTML" });
}

export function startHtmx(): void {
  Object.assign(htmx.config, { noSwap: NOT_CONTENT, mode: "same-origin" });
  htmx.registerExtension("lanewise-no-eval", {
    init(api: { initSecurity(policy: null, sync: unknown, async: unknown): void }) {
      api.initSecurity(null, refuseEvaluation, refuseEvaluation);
    },
  });
  document.addEventListener("htmx:config:request", (event) => {
    const { request } = detailOf(event).ctx;
    if (!SAFE.test(request.method)) request.headers["X-CSRFToken"] = csrfToken();
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { response, text } = detailOf(event).ctx;
    const status = response?.raw.status ?? 0;
    if (status >= 400 && status !== 422) toast(failureText(status, text ?? ""), "bad");
  });
  document.addEventListener("htmx:error", () => {
    toast("The server can't be reached. Nothing was changed; try again.", "bad");
  });
}
