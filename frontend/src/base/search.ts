/** The search dialog: Ctrl K opens it, the arrows choose, Enter opens what is chosen. */
import { openDialog } from "./menus.ts";

const DIALOG = "search-dialog";

function box(): HTMLInputElement | null {
  return document.querySelector<HTMLInputElement>("[data-search-all]");
}

function hits(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("#search-found [data-hit]")];
}

function open(): void {
  openDialog(DIALOG);
  const input = box();
  input?.focus();
  input?.select();
}

/** Marks one of the hits as chosen; the cursor stays in the box. */
function choose(next: HTMLElement | undefined): void {
  for (const hit of hits()) delete hit.dataset.chosen;
  const input = box();
  if (!next) {
    input?.removeAttribute("aria-activedescendant");
    return;
  }
  next.dataset.chosen = "";
  next.scrollIntoView({ block: "nearest" });
  input?.setAttribute("aria-activedescendant", next.id);
}

function move(step: number): void {
  const all = hits();
  const at = all.findIndex((hit) => "chosen" in hit.dataset);
  choose(all[(at + step + (at < 0 && step < 0 ? all.length + 1 : all.length)) % all.length]);
}

function onKey(event: KeyboardEvent): void {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    const chosen = document.querySelector<HTMLAnchorElement>("#search-found [data-chosen]");
    if (!chosen) return;
    event.preventDefault();
    chosen.click();
  }
}

export function startSearch(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      if (!document.getElementById(DIALOG)) return;
      event.preventDefault();
      open();
    } else if (event.target === box()) onKey(event);
  });
  document.addEventListener("click", (event) => {
    const target = event.target as Element | null;
    if (target?.closest("[data-open-search]")) {
      event.preventDefault();
      open();
    } else if (target?.id === DIALOG) (target as HTMLDialogElement).close(); // beside it: on its backdrop
  });
  document.addEventListener("htmx:after:swap", () => {
    box()?.setAttribute("aria-expanded", String(hits().length > 0));
  });
}
