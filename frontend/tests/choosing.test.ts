import { beforeEach, expect, test } from "vitest";

import { startChoosing } from "../src/base/choosing.ts";
import { el } from "../src/base/page.ts";

beforeEach(() => {
  const ticked = el("input", { type: "checkbox" });
  ticked.checked = true;
  document.body.replaceChildren(
    el("form", {}, el("input", { "data-narrow": "" }), el("label", {}, ticked, "Budget"), el("label", {}, "Kickoff")),
  );
  startChoosing();
});

test("a list shows what has the text in it, and keeps what is ticked", () => {
  const box = document.querySelector<HTMLInputElement>("[data-narrow]");
  const [budget, kickoff] = document.querySelectorAll("label");
  if (!box || !budget || !kickoff) throw new Error("there is no form");
  box.value = " KICK";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  expect([budget.hidden, kickoff.hidden]).toEqual([true, false]);
  expect(budget.querySelector("input")?.checked).toBe(true);
  box.value = "";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  expect([budget.hidden, kickoff.hidden]).toEqual([false, false]);
});
