import { expect, test } from "vitest";

import { dayAfter, quartersOf, timeAt } from "../src/base/hours.ts";

test("a time of day is read to its quarter, and written again with the rest", () => {
  expect(quartersOf("09:50")).toEqual([39, 5]);
  expect(timeAt(39, 5)).toBe("09:50");
});

test("nothing is moved beyond its day", () => {
  expect(timeAt(-2)).toBe("00:00");
  expect(timeAt(120)).toBe("23:45");
});

test("the next day is the next one also over the end of a month and a change of the clocks", () => {
  expect(dayAfter("2026-03-28", 1)).toBe("2026-03-29");
  expect(dayAfter("2026-02-28", 1)).toBe("2026-03-01");
  expect(dayAfter("2026-01-01", -1)).toBe("2025-12-31");
});
