import { afterEach, describe, expect, it, vi } from "vitest";

import { asAttributes } from "../build/styleattributes.ts";
import { toSymbol } from "../build/icons.ts";
import { failureText, problemOf } from "../src/base/http.ts";
import { isTyping, sendForm } from "../src/base/keyboard.ts";
import { openDialog } from "../src/base/menus.ts";
import { el } from "../src/base/page.ts";
import { keepSent, putBack } from "../src/base/refused.ts";
import { keepScroll, scrollBack } from "../src/base/scrolling.ts";
import { aheadOf, calendarDate, relative } from "../src/base/times.ts";
import { startUploads } from "../src/base/uploads.ts";
import { propsOf } from "../src/islands/loader.ts";

const NOW = new Date("2026-11-22T12:00:00Z");
const minutes = (count: number): Date => new Date(NOW.getTime() + count * 60_000);

describe("relative", () => {
  it.each([
    [-0.5, "now"],
    [-5, "5 minutes ago"],
    [61, "in 1 hour"],
    [-3 * 24 * 60, "3 days ago"],
    [24 * 60, "tomorrow"],
  ])("says %d minutes in words", (distance, words) => {
    expect(relative(minutes(distance), NOW, "en")).toBe(words);
  });

  it("gives the date when it is weeks away", () => {
    expect(relative(minutes(-40 * 24 * 60), NOW, "en-GB")).toBe("13 Oct");
  });
});

describe("calendarDate", () => {
  it("names the year when it is another one", () => {
    expect(calendarDate(new Date("2025-03-02T12:00:00Z"), NOW, "en-GB")).toBe("2 Mar 2025");
  });
});

describe("aheadOf", () => {
  it("is how far the server's clock is ahead, and nothing where the page doesn't say", () => {
    expect(aheadOf("2026-11-29T12:00:00Z", NOW.getTime())).toBe(7 * 24 * 60 * 60_000);
    expect(aheadOf(undefined, NOW.getTime())).toBe(0);
  });
});

describe("sendForm", () => {
  it.each([
    ["<form><input><button>Remove</button><button class='btn-primary' value='main'>Save</button></form>", "main"],
    ["<form><input><button type='button'>Pick</button><button value='only'>Send</button></form>", "only"],
    ["<form method='dialog'><input><button>Close</button></form>", null],
    ["<div data-island='form'><form><input><button>Send</button></form></div>", null],
    ["<input>", null],
  ])("sends %s by its main button", (html, wanted) => {
    document.body.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    let sent: string | null = null;
    document.body.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        sent = (event.submitter as HTMLButtonElement).value;
      },
      { once: true },
    );
    expect(sendForm(document.querySelector("input"))).toBe(wanted !== null);
    expect(sent).toBe(wanted);
  });
});

describe("failureText", () => {
  it("takes the detail of the problem", () => {
    expect(failureText(409, '{"detail": "Taken."}')).toBe("Taken.");
  });

  it("has words of its own when the answer is a page", () => {
    expect(failureText(403, "<html>")).toBe("You are not allowed to do this.");
  });
});

describe("problemOf", () => {
  it("makes a list of every field's messages, whatever their shape", () => {
    expect(problemOf(422, { errors: { a: ["x"], b: "y" } }).errors).toEqual({ a: ["x"], b: ["y"] });
  });

  it("says what the status means when the body says nothing", () => {
    expect(problemOf(413, null).detail).toBe("That is too large.");
  });
});

describe("isTyping", () => {
  it("is true in a text field and in the modeller, false on a button or a checkbox", () => {
    const inside = el("b");
    el("div", { "data-island": "modeller" }, inside);
    const targets = [el("input"), el("input", { type: "checkbox" }), el("button"), inside];
    expect(targets.map(isTyping)).toEqual([true, false, false, true]);
  });
});

describe("putBack", () => {
  const page = (tone: string, message: string): HTMLFormElement => {
    const by = el("select", { name: "by" }, el("option", { value: "mail" }), el("option", { value: "sms" }));
    const nobody = el("label", {}, el("input", { type: "radio", name: "who", value: "", checked: "" }), "None");
    const form = el(
      "form",
      { method: "post", action: "/give" },
      el("input", { type: "hidden", name: "csrf_token", value: "new" }),
      el("input", { name: "source" }),
      el("input", { type: "password", name: "secret" }),
      by,
      nobody,
    );
    const toasts = el("div", { id: "toasts" }, el("div", { "data-toast": tone }, message));
    document.body.replaceChildren(toasts, el("dialog", { id: "give" }, form));
    return form;
  };
  const typed = (): void => {
    const form = page("good", "");
    const texts = [...form.querySelectorAll<HTMLInputElement | HTMLSelectElement>(":not([type=radio])[name]")];
    for (const [at, value] of ["old", "at the fair", "1234", "sms"].entries()) Object.assign(texts[at] ?? {}, { value });
    const found = el("input", { type: "radio", name: "who", value: "7" });
    form.append(el("label", {}, found, "Eva"));
    found.checked = true;
    keepSent(form);
  };
  const shown = (form: HTMLFormElement): Record<string, FormDataEntryValue> => Object.fromEntries(new FormData(form));

  it("fills a refused form again, without secrets, and opens its dialog with the reason", () => {
    typed();
    const form = page("bad", "Say what proves it.");
    putBack();
    expect(shown(form)).toEqual({ csrf_token: "new", source: "at the fair", secret: "", by: "sms", who: "7" });
    expect(form.closest("dialog")?.open).toBe(true);
    expect(form.querySelector('[role="alert"]')?.textContent).toBe("Say what proves it.");
  });

  it("leaves the form empty when the next page tells of no refusal, and on the page after it", () => {
    typed();
    page("good", "Noted.");
    putBack();
    const form = page("bad", "Something else.");
    putBack();
    expect(shown(form).source).toBe("");
  });
});

describe("startUploads", () => {
  it.each([
    [[15], ""],
    [[16], "This file is larger than 15 MB. Split it into several."],
    [[1, 15], "These files are larger than 15 MB together. Choose fewer of them at a time."],
  ])("says what of %j MB is too large before it is sent", (sizes, said) => {
    startUploads();
    const field = el("input", { type: "file", "data-most-mb": "15" });
    Object.defineProperty(field, "files", { value: sizes.map((size) => ({ size: size * 2 ** 20 })) });
    document.body.replaceChildren(field);
    field.dispatchEvent(new Event("change", { bubbles: true }));
    expect(field.validationMessage).toBe(said);
  });
});

describe("openDialog", () => {
  it("puts the cursor into the first field that can be written in, not on the close button", () => {
    const close = el("form", { method: "dialog" }, el("button", {}, "Close"));
    const hidden = el("input", { type: "hidden", name: "csrf_token" });
    const wanted = el("input", { name: "reason" });
    const form = el("form", { method: "post" }, hidden, el("select", { disabled: "" }), wanted, el("textarea"));
    document.body.replaceChildren(el("dialog", { id: "cancel" }, close, form));
    openDialog("cancel");
    expect(document.activeElement).toBe(wanted);
  });
});

describe("scrollBack", () => {
  const down = vi.spyOn(window, "scrollTo").mockImplementation(() => undefined);

  afterEach(() => {
    down.mockClear();
    history.replaceState(null, "", "/");
    document.body.replaceChildren();
  });

  it("shows again what was read when a form was sent, and only once", () => {
    document.body.replaceChildren(el("main"));
    vi.stubGlobal("scrollY", 740.4);
    keepScroll();
    scrollBack();
    scrollBack();
    expect(down.mock.calls).toEqual([[{ top: 740, behavior: "instant" }]]);
  });

  it.each([
    ["another page", "/contacts", ""],
    ["a place on the page", "/#notes", ""],
    ["the page with a mistake", "/", "alert"],
  ])("stays at the top of %s", (_, address, role) => {
    keepScroll();
    history.replaceState(null, "", address);
    document.body.replaceChildren(el("main", {}, el("div", { role })));
    scrollBack();
    expect(down).not.toHaveBeenCalled();
  });
});

describe("propsOf", () => {
  it("prefers the script inside to the attribute", () => {
    const script = el("script", { type: "application/json" }, '{"a": 2}');
    expect(propsOf(el("div", { "data-props": '{"a": 1}' }, script))).toEqual({ a: 2 });
    expect(propsOf(el("div", { "data-props": '{"a": 1}' }))).toEqual({ a: 1 });
  });
});

describe("build", () => {
  it("turns SVG styles into attributes and drops the rest", () => {
    expect(asAttributes("fill:none;stroke-width:100;height: 100%;")).toBe('fill="none" stroke-width="100"');
  });

  it("keeps an icon's shapes and drops its empty box", () => {
    const svg = '<svg width="24">\n  <path stroke="none" d="M0 0h24v24H0z" fill="none" />\n  <path d="M1 1" />\n</svg>';
    expect(toSymbol("x", svg)).toBe('<symbol id="x" viewBox="0 0 24 24"><path d="M1 1" /></symbol>');
  });
});
