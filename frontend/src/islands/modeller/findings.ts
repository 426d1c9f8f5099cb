/** What is wrong with a diagram: read from the server and the rules, listed, and marked on the shapes. */
import type { Element } from "bpmn-js/lib/model/Types";
import type Canvas from "diagram-js/lib/core/Canvas";
import type ElementRegistry from "diagram-js/lib/core/ElementRegistry";
import type Overlays from "diagram-js/lib/features/overlays/Overlays";

import { isObject } from "../../base/http.ts";
import { el, icon } from "../../base/page.ts";
import { MARK_SCALE, nameOf } from "../diagram/canvas.ts";

export type Level = "error" | "warning";

export interface Finding {
  readonly level: Level;
  /** Id of the element; null for the whole diagram. */
  readonly element: string | null;
  readonly line: number | null;
  readonly message: string;
  readonly advice: string;
}

const MARK = "lw-finding";

/** Findings in a server's list of {element, line, message, advice}; anything else is passed over. */
export function readFindings(list: unknown, level: Level): Finding[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isObject).map((each) => ({
    level,
    element: typeof each.element === "string" && each.element ? each.element : null,
    line: typeof each.line === "number" ? each.line : null,
    message: typeof each.message === "string" ? each.message : "Something is wrong here.",
    advice: typeof each.advice === "string" ? each.advice : "",
  }));
}

/** "2 errors, 1 warning", or that there is nothing. */
export function countWords(findings: readonly Finding[]): string {
  const count = (level: Level): number => findings.filter((each) => each.level === level).length;
  const words = (number: number, word: string): string => `${String(number)} ${word}${number === 1 ? "" : "s"}`;
  const parts = [
    ...(count("error") ? [words(count("error"), "error")] : []),
    ...(count("warning") ? [words(count("warning"), "warning")] : []),
  ];
  return parts.join(", ") || "No problems";
}

/** Errors before warnings, otherwise as found; the same thing said twice is said once. */
export function tidy(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  const unique = findings.filter((each) => {
    const key = `${each.element ?? ""}\n${each.message}`;
    return seen.has(key) ? false : seen.add(key);
  });
  return unique.toSorted((a, b) => Number(a.level === "warning") - Number(b.level === "warning"));
}

export interface DiagramServices {
  readonly canvas: Canvas;
  readonly registry: ElementRegistry;
  readonly overlays: Overlays;
}

/** The list below the canvas and the marks on it; `choose` selects and shows an element. */
export class FindingsView {
  readonly element: HTMLElement;
  readonly #services: () => DiagramServices;
  readonly #choose: (id: string) => void;
  readonly #summary = el("span", { class: "lw-findings-count" });
  readonly #list = el("ul", { class: "lw-findings-list" });
  readonly #tip = el("div", { class: "lw-finding-tip", popover: "manual", role: "tooltip" });

  constructor(services: () => DiagramServices, choose: (id: string) => void) {
    this.#services = services;
    this.#choose = choose;
    const head = el("summary", {}, this.#summary);
    this.element = el("details", { class: "lw-findings" }, head, this.#list);
    this.element.append(this.#tip);
    this.#summary.setAttribute("role", "status");
  }

  show(found: readonly Finding[]): void {
    const findings = tidy(found);
    this.#summary.replaceChildren(this.#summaryIcon(findings), countWords(findings));
    this.#list.replaceChildren(...findings.map((each) => this.#entry(each)));
    this.#mark(findings);
  }

  open(): void {
    (this.element as HTMLDetailsElement).open = true;
  }

  waiting(): void {
    this.#summary.replaceChildren(icon("loader-2"), "Checking…");
  }

  /** Says that there is no check, and why. */
  unavailable(reason: string): void {
    this.#summary.replaceChildren(icon("cloud-off"), `Not checked: ${reason}`);
  }

  #summaryIcon(findings: readonly Finding[]): SVGSVGElement {
    const worst = findings[0]?.level;
    const picture = icon(worst ? (worst === "error" ? "alert-circle" : "alert-triangle") : "circle-check");
    picture.classList.add(worst ? (worst === "error" ? "text-bad" : "text-warn") : "text-good");
    return picture;
  }

  #entry(finding: Finding): HTMLLIElement {
    const target = finding.element ? (this.#services().registry.get(finding.element) as Element | undefined) : undefined;
    const where = target ? nameOf(target) : (finding.element ?? "Diagram");
    const text = el("span", { class: "lw-finding-text" }, el("strong", {}, where), ` ${finding.message}`);
    if (finding.advice) text.append(el("span", { class: "text-secondary" }, ` ${finding.advice}`));
    if (finding.line !== null) text.append(el("span", { class: "text-secondary" }, ` Line ${String(finding.line)}.`));
    const picture = icon(finding.level === "error" ? "alert-circle" : "alert-triangle");
    picture.classList.add(finding.level === "error" ? "text-bad" : "text-warn");
    const level = el("span", { class: "visually-hidden" }, finding.level === "error" ? "Error: " : "Warning: ");
    if (!target || !finding.element) return el("li", {}, el("div", { class: "lw-finding-row" }, picture, level, text));
    const id = finding.element;
    const button = el("button", { class: "lw-finding-row", type: "button" }, picture, level, text);
    button.addEventListener("click", () => {
      this.#choose(id);
    });
    return el("li", {}, button);
  }

  #mark(findings: readonly Finding[]): void {
    const { overlays, registry } = this.#services();
    this.#tip.hidePopover();
    overlays.remove({ type: MARK });
    const byElement = Map.groupBy(
      findings.filter((each) => each.element !== null && registry.get(each.element)),
      (each) => each.element ?? "",
    );
    for (const [id, here] of byElement) {
      // The root has no shape to mark; the list names it.
      if (registry.get(id) === this.#services().canvas.getRootElement()) continue;
      overlays.add(id, MARK, {
        position: { bottom: 10, right: 14 },
        scale: MARK_SCALE,
        html: this.#badge(id, here),
      });
    }
  }

  #badge(id: string, here: readonly Finding[]): HTMLElement {
    const level = here.some((each) => each.level === "error") ? "error" : "warning";
    const label = here.map((each) => `${each.message} ${each.advice}`.trim()).join(" ");
    const button = el("button", { class: `lw-mark lw-mark-${level}`, type: "button", "aria-label": label });
    button.append(icon(level === "error" ? "alert-circle" : "alert-triangle"));
    const show = (): void => {
      this.#showTip(button, here);
    };
    const hide = (): void => {
      this.#tip.hidePopover();
    };
    for (const name of ["mouseenter", "focus"]) button.addEventListener(name, show);
    for (const name of ["mouseleave", "blur"]) button.addEventListener(name, hide);
    button.addEventListener("click", () => {
      this.#choose(id);
    });
    button.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
    });
    return button;
  }

  #showTip(button: HTMLElement, here: readonly Finding[]): void {
    const lines = here.map((each) => {
      const line = el("p", {}, el("strong", {}, each.message));
      if (each.advice) line.append(` ${each.advice}`);
      return line;
    });
    this.#tip.replaceChildren(...lines);
    this.#tip.showPopover();
    const anchor = button.getBoundingClientRect();
    const size = this.#tip.getBoundingClientRect();
    const left = Math.min(anchor.left, innerWidth - size.width - 8);
    const below = anchor.bottom + 6;
    const top = below + size.height < innerHeight ? below : anchor.top - size.height - 6;
    this.#tip.style.left = `${String(Math.max(8, left))}px`;
    this.#tip.style.top = `${String(top)}px`;
  }
}
