/** The calendar: entries are dragged to another hour or day, or moved by Alt and the arrow keys. */
import { dayAfter, QUARTERS, quartersOf, timeAt } from "./hours.ts";
import { failureText } from "./http.ts";
import { showIn } from "./htmx.ts";
import { showDialog } from "./menus.ts";
import { el, onContent } from "./page.ts";
import { sendFields } from "./sending.ts";
import { toast } from "./toasts.ts";

const FIRST_SHOWN = 29; // quarters: a little before half past seven

let dragged: { readonly entry: HTMLElement; readonly grip: number } | null = null;

function say(text: string): void {
  const place = document.querySelector("[data-calendar-says]");
  if (place) place.textContent = text;
}

/** Asks which of a series is meant; nothing if it was called off. */
async function askWhich(): Promise<string> {
  const dialog = document.querySelector<HTMLDialogElement>("dialog#move-which");
  if (!dialog) return "this";
  dialog.returnValue = "";
  showDialog(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        resolve(dialog.returnValue);
      },
      { once: true },
    );
  });
}

/** Shows the days as they are now, at the place that was being read. */
async function refresh(key: string): Promise<void> {
  const calendar = document.querySelector<HTMLElement>("[data-calendar]");
  if (!calendar) return;
  const before = calendar.querySelector<HTMLElement>(".lw-cal-scroll");
  const [left, top] = [before?.scrollLeft ?? 0, before?.scrollTop ?? 0];
  await showIn(calendar, calendar.dataset.calendar ?? "");
  calendar.querySelector(".lw-cal-scroll")?.scrollTo({ left, top, behavior: "instant" });
  calendar.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

async function send(entry: HTMLElement, day: string, time: string): Promise<void> {
  const which = "series" in entry.dataset ? await askWhich() : "this";
  if (!which) return;
  entry.dataset.busy = "";
  const response = await sendFields(entry.dataset.entry ?? "", { day, time, which });
  delete entry.dataset.busy;
  if (!response) return;
  if (!response.ok) {
    toast(failureText(response.status, await response.text()), "bad");
    return;
  }
  await refresh(entry.dataset.key ?? "");
  say(`Moved to ${day} ${time}`.trim());
}

function mayMove(entry: HTMLElement | null | undefined): entry is HTMLElement {
  const calendar = entry?.closest<HTMLElement>("[data-calendar]");
  return Boolean(entry?.draggable && calendar?.dataset.mayMove);
}

function placeAt(event: DragEvent): HTMLElement | null {
  const target = event.target instanceof Element ? event.target : null;
  return target?.closest<HTMLElement>("[data-calendar] [data-cal-day]") ?? null;
}

function quarterAt(event: DragEvent, day: HTMLElement, grip: number): number {
  const box = day.getBoundingClientRect();
  return Math.round(((event.clientY - grip - box.top) / box.height) * QUARTERS);
}

function unmark(): void {
  for (const each of document.querySelectorAll(".lw-cal-mark")) each.remove();
  for (const each of document.querySelectorAll("[data-calendar] [data-over]")) each.removeAttribute("data-over");
}

/** Whether an entry can be dropped there: what takes whole days has no hour. */
function takes(place: HTMLElement, entry: HTMLElement): boolean {
  return "calHours" in place.dataset ? !("whole" in entry.dataset) : true;
}

function startDragging(): void {
  document.addEventListener("dragstart", (event) => {
    const entry = (event.target as Element | null)?.closest<HTMLElement>("[data-calendar] [data-entry]");
    if (!mayMove(entry) || !event.dataTransfer) return;
    dragged = { entry, grip: event.clientY - entry.getBoundingClientRect().top };
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", entry.title);
    entry.dataset.dragged = "";
  });
  document.addEventListener("dragover", (event) => {
    if (!dragged) return;
    const place = placeAt(event);
    unmark();
    if (!place || !takes(place, dragged.entry)) return;
    event.preventDefault();
    place.dataset.over = "";
    if (!("calHours" in place.dataset)) return;
    const mark = el("span", { class: "lw-cal-mark" });
    const quarter = Math.max(0, quarterAt(event, place, dragged.grip));
    mark.style.insetBlockStart = `${String((quarter / QUARTERS) * 100)}%`;
    place.append(mark);
  });
  document.addEventListener("drop", (event) => {
    const place = placeAt(event);
    unmark();
    if (!dragged || !place || !takes(place, dragged.entry)) return;
    event.preventDefault();
    const { entry, grip } = dragged;
    const time = "calHours" in place.dataset ? timeAt(quarterAt(event, place, grip)) : "";
    void send(entry, place.dataset.calDay ?? "", time);
  });
  document.addEventListener("dragend", () => {
    dragged?.entry.removeAttribute("data-dragged");
    dragged = null;
    unmark();
  });
}

const STEPS: Readonly<Record<string, readonly [days: number, quarters: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function moveByKeys(event: KeyboardEvent): void {
  const step = event.altKey ? STEPS[event.key] : undefined;
  const entry = (event.target as Element | null)?.closest<HTMLElement>("[data-calendar] [data-entry]");
  if (!step || !mayMove(entry)) return;
  event.preventDefault();
  const [days, quarters] = step;
  const day = entry.dataset.day ?? entry.closest<HTMLElement>("[data-cal-day]")?.dataset.calDay ?? "";
  if (days !== 0) {
    void send(entry, dayAfter(day, days), "");
  } else if (entry.dataset.at) {
    const [at, rest] = quartersOf(entry.dataset.at);
    void send(entry, day, timeAt(at + quarters, rest));
  }
}

/** A double click on an empty hour plans something there. */
function planAt(event: MouseEvent): void {
  const target = event.target instanceof Element ? event.target : null;
  const day = target?.closest<HTMLElement>("[data-calendar] [data-cal-hours]");
  const plan = document.querySelector<HTMLAnchorElement>("a[data-cal-plan]");
  if (!day || !plan || target?.closest("[data-entry]")) return;
  const box = day.getBoundingClientRect();
  const quarter = Math.floor(((event.clientY - box.top) / box.height) * QUARTERS);
  const url = new URL(plan.href);
  url.searchParams.set("starts_at", `${day.dataset.calDay ?? ""}T${timeAt(quarter - (quarter % 2))}`);
  location.assign(url);
}

/** Begins at the morning, and on phones at the present day, unless it was scrolled already. */
function showMorning(root: ParentNode): void {
  const grid = root.querySelector<HTMLElement>(".lw-cal-scroll");
  const day = grid?.querySelector<HTMLElement>(".lw-cal-day");
  if (!grid || !day || grid.scrollTop > 0) return;
  const today = grid.querySelector<HTMLElement>(".lw-cal-day[data-today]");
  const hours = grid.querySelector<HTMLElement>(".lw-cal-hours");
  const left = today ? today.offsetLeft - (hours?.offsetWidth ?? 0) : 0;
  grid.scrollTo({ top: (day.offsetHeight / QUARTERS) * FIRST_SHOWN, left, behavior: "instant" });
}

export function startCalendar(): void {
  startDragging();
  document.addEventListener("keydown", moveByKeys);
  document.addEventListener("dblclick", planAt);
  onContent(showMorning);
}
