/** Keys that work on every page: `?`, `/`, `g` and a letter, `j`, `k`, Enter, Ctrl+Enter. */
import { openDialog } from "./menus.ts";
import { el } from "./page.ts";

const SEQUENCE_MS = 1200;
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], [role=textbox]";

/** True where a letter is text or belongs to an editor and must not be taken for a shortcut. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(`${TYPING}, [data-island=modeller], dialog`) !== null;
}

function rows(): HTMLTableRowElement[] {
  return [...document.querySelectorAll<HTMLTableRowElement>("[data-rows] tbody tr")].filter((row) =>
    row.querySelector("[data-row-link]"),
  );
}

function moveRow(step: number): void {
  const all = rows();
  if (all.length === 0) return;
  const at = all.findIndex((row) => "selected" in row.dataset);
  const start = at < 0 && step < 0 ? all.length : at;
  const next = all[Math.min(all.length - 1, Math.max(0, start + step))];
  for (const row of all) delete row.dataset.selected;
  if (!next) return;
  next.dataset.selected = "";
  next.querySelector<HTMLElement>("[data-row-link]")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function goTo(keys: string): boolean {
  const link = document.querySelector<HTMLAnchorElement>(`a[data-keys="${CSS.escape(keys)}"]`);
  link?.click();
  return link !== null;
}

function listPlaces(): void {
  const list = document.querySelector("[data-key-list]");
  for (const link of document.querySelectorAll<HTMLElement>("a[data-keys]")) {
    const keys = (link.dataset.keys ?? "").split(" ").map((key) => el("kbd", {}, key));
    const name = link.querySelector("span")?.textContent ?? "";
    list?.append(el("div", {}, el("dt", {}, `Go to ${name}`), el("dd", {}, ...keys)));
  }
}

const ACTIONS: Readonly<Record<string, () => void>> = {
  "?": () => {
    openDialog("keyboard-help");
  },
  "/": () => {
    const box = document.querySelector<HTMLInputElement>("[data-search]");
    box?.focus();
    box?.select();
  },
  j: () => {
    moveRow(1);
  },
  k: () => {
    moveRow(-1);
  },
};

/** Sends the form that is typed in by its main button; what an island holds is the island's. */
export function sendForm(target: EventTarget | null): boolean {
  const form = target instanceof Element ? target.closest("form") : null;
  if (!form || form.method === "dialog" || form.closest("[data-island]")) return false;
  const buttons = [...form.elements].filter(
    (each): each is HTMLButtonElement => each instanceof HTMLButtonElement && each.type === "submit" && !each.disabled,
  );
  const button = buttons.find((each) => each.matches(".btn-primary")) ?? buttons[0];
  if (button) form.requestSubmit(button);
  return button !== undefined;
}

function isSending(event: KeyboardEvent): boolean {
  return event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.defaultPrevented;
}

function isPlain(event: KeyboardEvent): boolean {
  return !(event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey);
}

export function startKeyboard(): void {
  listPlaces();
  let prefixAt = -Infinity;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target instanceof HTMLInputElement) event.target.blur();
    if (isSending(event) && sendForm(event.target)) event.preventDefault();
    if (!isPlain(event) || isTyping(event.target)) return;
    const follows = event.timeStamp - prefixAt < SEQUENCE_MS;
    prefixAt = event.key === "g" && !follows ? event.timeStamp : -Infinity;
    if (follows && goTo(`g ${event.key}`)) {
      event.preventDefault();
      return;
    }
    const action = ACTIONS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
