/** A diagram's state in words: legend, summary, and the list that says what the picture shows. */
import { el } from "../../base/page.ts";
import type { ViewerProps } from "./index.ts";

export interface Token {
  readonly element_id: string;
  readonly count: number;
  readonly state: "active" | "waiting" | "failed";
}

export interface Failure {
  readonly element_id: string;
  readonly message: string;
}

export const TOKEN_WORDS: Readonly<Record<Token["state"], string>> = {
  active: "active",
  waiting: "waiting",
  failed: "failed",
};

type Name = (id: string) => string;

/** One sentence for screen readers: where the instance stands. */
export function summary(props: ViewerProps, name: Name): string {
  const tokens = props.tokens ?? [];
  if (tokens.length === 0) return props.completed?.length ? "Process diagram; it has ended" : "Process diagram";
  const places = tokens.map((token) => `${name(token.element_id)} (${TOKEN_WORDS[token.state]})`);
  return `Process diagram; now at ${places.join(", ")}`;
}

/** What the colours mean; only those that are in use. */
export function legend(props: ViewerProps): HTMLElement {
  const states = new Set(props.tokens?.map((token) => token.state));
  if (props.failed?.length) states.add("failed");
  const entries: [string, string][] = [];
  if (props.completed?.length) entries.push(["past", "Done"]);
  if (props.taken?.length) entries.push(["taken", "Path taken"]);
  if (states.has("active")) entries.push(["active", "Active"]);
  if (states.has("waiting")) entries.push(["waiting", "Waiting"]);
  if (states.has("failed")) entries.push(["failed", "Failed"]);
  const list = el("ul", { class: "lw-legend", "aria-label": "Legend" });
  for (const [kind, label] of entries) {
    list.append(el("li", {}, el("span", { class: `lw-swatch lw-swatch-${kind}`, "aria-hidden": "true" }), label));
  }
  return list;
}

function entry(id: string, name: Name, state: string, choose: (id: string) => void): HTMLLIElement {
  const button = el("button", { class: "btn btn-link p-0", type: "button" }, name(id));
  button.addEventListener("click", () => {
    choose(id);
  });
  return el("li", {}, button, ` – ${state}`);
}

/** The same facts as the picture, readable and reachable without it. */
export function textAlternative(props: ViewerProps, name: Name, choose: (id: string) => void): HTMLElement {
  const list = el("ul", {});
  for (const failure of props.failed ?? []) {
    list.append(entry(failure.element_id, name, `failed: ${failure.message}`, choose));
  }
  const told = new Set(props.failed?.map((failure) => failure.element_id));
  for (const token of props.tokens ?? []) {
    if (token.state === "failed" && told.has(token.element_id)) continue;
    const times = token.count > 1 ? ` (${String(token.count)} times)` : "";
    list.append(entry(token.element_id, name, TOKEN_WORDS[token.state] + times, choose));
  }
  for (const id of props.completed ?? []) list.append(entry(id, name, "done", choose));
  if (list.childElementCount === 0) list.append(el("li", {}, "Nothing has happened yet."));
  return el("details", { class: "lw-diagram-text" }, el("summary", {}, "The diagram as text"), list);
}
