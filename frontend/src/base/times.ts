/** Shows every `<time data-time>` in the reader's zone and language. */
import { matching } from "./page.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const REFRESH_MS = MINUTE;
const YEAR = 31_536_000; // in seconds
/** Read once: the document's `data-present` is the server's time when this page was made. */
const AHEAD_MS = aheadOf(document.documentElement.dataset.present, Date.now());

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number, number])[] = [
  // unit, its length, and up to which distance it is used
  ["minute", MINUTE, HOUR],
  ["hour", HOUR, DAY],
  ["day", DAY, 14 * DAY],
];

function language(): string {
  // The region (12 or 24 hours, order of day and month) is the browser's, the words are the page's.
  const page = document.documentElement.lang || "en";
  return navigator.languages.find((each) => each.split("-")[0] === page) ?? page;
}

/** By how much the server's clock, given as ISO 8601, is ahead of this machine's; 0 if it isn't given. */
export function aheadOf(present: string | undefined, now: number): number {
  const server = Date.parse(present ?? "");
  return Number.isNaN(server) ? 0 : server - now;
}

/** "3 hours ago", "in 2 days"; a plain date beyond two weeks. */
export function relative(moment: Date, now: Date, locale: string): string {
  const distance = moment.getTime() - now.getTime();
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (Math.abs(distance) < MINUTE) return words.format(0, "second");
  for (const [unit, length, limit] of UNITS) {
    if (Math.abs(distance) < limit) return words.format(Math.trunc(distance / length), unit);
  }
  return calendarDate(moment, now, locale);
}

/** A date; the year only where it isn't this year. */
export function calendarDate(moment: Date, now: Date, locale: string): string {
  const options: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
  if (moment.getFullYear() !== now.getFullYear()) options.year = "numeric";
  return new Intl.DateTimeFormat(locale, options).format(moment);
}

/** What a time element shows: see the `datetime` macro for the ways. */
export function shown(moment: Date, way: string, now: Date, locale: string): string {
  switch (way) {
    case "relative":
    case "due":
      return relative(moment, now, locale);
    case "date":
      return calendarDate(moment, now, locale);
    case "time":
      return new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(moment);
    default: {
      const time = new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(moment);
      return `${calendarDate(moment, now, locale)}, ${time}`;
    }
  }
}

function localise(element: HTMLTimeElement, now: Date): void {
  const moment = new Date(element.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  const locale = language();
  const way = element.dataset.time ?? "datetime";
  element.textContent = shown(moment, way, now, locale);
  element.title = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" }).format(moment);
  if (way === "due") element.classList.toggle("text-bad", moment < now);
}

/** Says to the server in which zone the reader types times: the one in which they are shown here. */
export function tellZone(): void {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.cookie = `zone=${zone}; Path=/; Max-Age=${String(YEAR)}; SameSite=Lax`;
}

export function localiseTimes(root: ParentNode): void {
  const now = new Date(Date.now() + AHEAD_MS);
  for (const element of matching<HTMLTimeElement>(root, "time[data-time]")) localise(element, now);
}

setInterval(() => {
  if (!document.hidden) localiseTimes(document);
}, REFRESH_MS);
