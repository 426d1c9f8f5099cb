/** Short messages in the corner: the server's flash messages and those of scripts. */
import { el, icon, matching } from "./page.ts";

export type Tone = "good" | "warn" | "bad" | "info";

const SHOWN_MS = 6000;
const ICONS: Readonly<Record<string, string>> = {
  good: "circle-check",
  success: "circle-check",
  warn: "alert-triangle",
  warning: "alert-triangle",
  bad: "alert-circle",
  danger: "alert-circle",
  error: "alert-circle",
};
const LASTING = new Set(["bad", "danger", "error", "warn", "warning"]);

/** Shows a message; bad news stays until it is closed, the rest leaves by itself. */
export function toast(message: string, tone: Tone = "info"): void {
  const element = el("div", { class: "lw-toast", "data-toast": tone }, message);
  document.getElementById("toasts")?.append(element);
  dress(element);
}

export function dressToasts(root: ParentNode): void {
  for (const element of matching<HTMLElement>(root, ".lw-toast:not([data-dressed])")) dress(element);
}

function dress(element: HTMLElement): void {
  const kind = element.dataset.toast ?? "info";
  element.dataset.dressed = "";
  const text = el("span", {}, ...element.childNodes);
  const close = el(
    "button",
    { class: "btn btn-icon btn-sm btn-ghost-secondary", type: "button", "aria-label": "Dismiss" },
    icon("x"),
  );
  close.addEventListener("click", () => {
    element.remove();
  });
  element.replaceChildren(icon(ICONS[kind] ?? "info-circle"), text, close);
  if (!LASTING.has(kind)) leaveLater(element);
}

function leaveLater(element: HTMLElement): void {
  let timer = 0;
  const wait = (): void => {
    timer = window.setTimeout(() => {
      element.remove();
    }, SHOWN_MS);
  };
  const stay = (): void => {
    window.clearTimeout(timer);
  };
  // Someone who reads it slowly, or has reached its button, must not lose it (WCAG 2.2.1).
  for (const name of ["mouseenter", "focusin"]) element.addEventListener(name, stay);
  for (const name of ["mouseleave", "focusout"]) element.addEventListener(name, wait);
  wait();
}
