/** Fields that a script sends as a form does, for a place that is not one. */
import { csrfToken } from "./page.ts";
import { toast } from "./toasts.ts";

/** Sends fields; returns null, and has said so, if the server can't be reached. */
export async function sendFields(url: string, fields: Readonly<Record<string, string>>): Promise<Response | null> {
  try {
    return await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
      body: new URLSearchParams(fields),
    });
  } catch {
    toast("The server can't be reached. Nothing was changed; try again.", "bad");
    return null;
  }
}
