/** Hours and days of the calendar, in the clock of whoever looks at it. */

/** Quarters of an hour in a day, as the calendar draws each. */
export const QUARTERS = 96;
const MINUTES = 15;
const DAY_MS = 86_400_000;

/** "09:45" as quarters of an hour since midnight, the rest of the quarter kept apart. */
export function quartersOf(text: string): [number, number] {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return [hours * 4 + Math.floor(minutes / MINUTES), minutes % MINUTES];
}

/** The time of day so many quarters after midnight; never on another day. */
export function timeAt(quarters: number, rest = 0): string {
  const minutes = Math.min(Math.max(quarters, 0), QUARTERS - 1) * MINUTES + rest;
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

/** The day so many days after `day`, both as ISO 8601. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}
