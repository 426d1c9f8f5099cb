/** Deals that are moved: by a dialog that asks what the stage wants, or by dragging their cards. */
import { failureText } from "./http.ts";
import { showIn } from "./htmx.ts";
import { showDialog } from "./menus.ts";
import { sendFields } from "./sending.ts";
import { toast } from "./toasts.ts";

/** Where a dragged card came from, so that it can go back there. */
interface Origin {
  readonly card: HTMLElement;
  readonly column: HTMLElement;
  readonly next: Element | null;
}

let dragged: Origin | null = null;
/** The board was to be shown anew while a card was dragged over it. */
let isStale = false;

/** Shows the dialog that asks where to, and what that stage wants to know. */
async function openMove(url: string): Promise<void> {
  const dialog = document.querySelector<HTMLDialogElement>("dialog#move-dialog");
  if (!dialog) {
    location.assign(url);
    return;
  }
  dialog.replaceChildren();
  document.querySelector<HTMLElement>("[data-menu]:popover-open")?.hidePopover();
  await showIn(dialog, url);
  // A refusal is said by a message and leaves nothing to show.
  if (dialog.childElementCount > 0 && !dialog.open) showDialog(dialog);
}

function columnAt(event: DragEvent): HTMLElement | null {
  const target = event.target instanceof Element ? event.target : null;
  return target?.closest<HTMLElement>("[data-board] [data-stage]") ?? null;
}

function cardsOf(column: HTMLElement): HTMLElement | null {
  return column.querySelector<HTMLElement>("[data-cards]");
}

function unmark(): void {
  for (const element of document.querySelectorAll("[data-over]")) element.removeAttribute("data-over");
}

function putBack(origin: Origin): void {
  origin.card.removeAttribute("data-busy");
  cardsOf(origin.column)?.insertBefore(origin.card, origin.next);
}

/** Shows the board as it is now, with what others have done meanwhile, and what is expected anew. */
async function refresh(): Promise<void> {
  const board = document.querySelector<HTMLElement>("[data-board]");
  if (!board) return;
  isStale = false;
  await showIn(board, board.dataset.board ?? "");
  document.body.dispatchEvent(new CustomEvent("lanewise:moved"));
}

function askUrl(card: HTMLElement, stage: string): string {
  const link = card.querySelector<HTMLAnchorElement>("[data-move-card]");
  const url = new URL(link?.href ?? location.href);
  url.searchParams.set("stage", stage);
  return url.pathname + url.search;
}

async function drop(origin: Origin, column: HTMLElement): Promise<void> {
  const board = column.closest("[data-board]");
  board?.setAttribute("aria-busy", "true");
  await move(origin, column);
  if (isStale) await refresh();
  board?.removeAttribute("aria-busy");
}

async function move(origin: Origin, column: HTMLElement): Promise<void> {
  const { card } = origin;
  const stage = column.dataset.stage ?? "";
  cardsOf(column)?.prepend(card);
  card.dataset.busy = "";
  const response = await sendFields(card.dataset.moveUrl ?? "", { stage, version: card.dataset.version ?? "" });
  if (!response) {
    putBack(origin);
    return;
  }
  if (response.ok) {
    await refresh();
    return;
  }
  putBack(origin);
  if (response.status === 422) {
    await openMove(askUrl(card, stage));
    return;
  }
  toast(failureText(response.status, await response.text()), "bad");
  // Others have moved it, or the stage is gone: what is dragged next must be what there is.
  if (response.status === 409) await refresh();
}

function startDragging(): void {
  document.addEventListener("dragstart", (event) => {
    const card = (event.target as Element | null)?.closest<HTMLElement>("[data-board] [data-deal]");
    const column = card?.closest<HTMLElement>("[data-stage]");
    if (!card || !column || !event.dataTransfer) return;
    dragged = { card, column, next: card.nextElementSibling };
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.dataset.dealName ?? "");
    card.dataset.dragged = "";
  });
  document.addEventListener("dragover", (event) => {
    const column = columnAt(event);
    unmark();
    if (!dragged || !column || column === dragged.column) return;
    event.preventDefault();
    column.dataset.over = "";
  });
  document.addEventListener("drop", (event) => {
    const column = columnAt(event);
    unmark();
    if (!dragged || !column || column === dragged.column) return;
    event.preventDefault();
    void drop(dragged, column);
  });
  // A card that is taken away from under the hand can't be dropped.
  document.addEventListener("htmx:before:swap", (event) => {
    if (!dragged || !(event.target as Element).matches("[data-board]")) return;
    event.preventDefault();
    isStale = true;
  });
  document.addEventListener("dragend", () => {
    dragged?.card.removeAttribute("data-dragged");
    dragged = null;
    unmark();
    if (isStale && !document.querySelector("[data-board][aria-busy]")) void refresh();
  });
}

export function startBoard(): void {
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest<HTMLAnchorElement>("a[data-move-card]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void openMove(link.getAttribute("href") ?? "");
  });
  startDragging();
}
