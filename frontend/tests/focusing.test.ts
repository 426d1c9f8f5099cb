import { beforeEach, describe, expect, it } from "vitest";

import { findFocus, holdFocus } from "../src/base/focusing.ts";
import { el } from "../src/base/page.ts";

describe("findFocus", () => {
  const older = el("button", {}, "Show older");
  const kept = el("input");
  const content = [el("ol", {}, el("li", {}, el("a", { href: "/a" }, "A"))), el("a", { href: "/b" }, "B")];

  beforeEach(() => {
    document.body.replaceChildren(kept, older, ...content);
  });

  const swapAway = (from: HTMLElement): void => {
    from.focus();
    holdFocus();
    older.remove();
    findFocus(content);
  };

  it("goes to the first of the new content when the button that fetched it went away", () => {
    swapAway(older);
    expect(document.activeElement?.textContent).toBe("A");
  });

  it("goes to the same link where the new content has it again", () => {
    const link = el("a", { href: "/b" }, "old");
    older.replaceChildren(link);
    swapAway(link);
    expect(document.activeElement?.textContent).toBe("B");
  });

  it("leaves alone what somebody writes in", () => {
    swapAway(kept);
    expect(document.activeElement).toBe(kept);
  });
});
