/**
 * What was typed into a form that the server refused. The page comes back with the reason as a
 * message; the form gets its entries back, and a dialog opens again with the reason in it.
 */
import { openDialog } from "./menus.ts";
import { el, icon } from "./page.ts";

interface Sent {
  readonly action: string;
  /** Which of the forms with this action, from 0. */
  readonly place: number;
  readonly dialog: string;
  readonly entries: readonly (readonly [name: string, value: string, label: string])[];
}

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const KEY = "lanewise.sent";
const MOST_CHARACTERS = 200_000;
/** They belong to the page that was sent, not to what somebody typed. */
const OF_PAGE = new Set(["csrf_token", "submission", "version"]);
const UNKEPT = new Set(["password", "file", "submit", "button", "image", "reset"]);

function controlsOf(form: HTMLFormElement): Control[] {
  const found = [...form.querySelectorAll<Control>("input[name], textarea[name], select[name]")];
  return found.filter((one) => !OF_PAGE.has(one.name) && !UNKEPT.has(one.type));
}

function alikeTo(action: string): HTMLFormElement[] {
  const forms = [...document.querySelectorAll<HTMLFormElement>('form[method="post"]')];
  return forms.filter((form) => form.getAttribute("action") === action);
}

function valuesOf(control: Control): string[] {
  if (control instanceof HTMLSelectElement) return [...control.selectedOptions].map((one) => one.value);
  return isChoice(control) && !control.checked ? [] : [control.value];
}

function isChoice(control: Control): control is HTMLInputElement {
  return control instanceof HTMLInputElement && ["radio", "checkbox"].includes(control.type);
}

/** Keeps what a form sends until the next page of this tab has been read. */
export function keepSent(form: HTMLFormElement): void {
  const controls = controlsOf(form);
  const dialog = form.closest("dialog")?.id ?? "";
  if (!dialog && !controls.some((one) => one.type !== "hidden")) return;
  const action = form.getAttribute("action") ?? "";
  const sent: Sent = {
    action,
    place: alikeTo(action).indexOf(form),
    dialog,
    entries: controls.flatMap((one) =>
      valuesOf(one).map((value) => [one.name, value, one.closest("label")?.textContent.trim() ?? ""] as const),
    ),
  };
  const text = JSON.stringify(sent);
  if (text.length <= MOST_CHARACTERS) sessionStorage.setItem(KEY, text);
}

/** Puts a refused form's entries back, if this page tells that it was refused. */
export function putBack(): void {
  const text = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  const reasons = [...document.querySelectorAll<HTMLElement>('#toasts [data-toast="bad"]')];
  if (!text || !reasons.length) return;
  const sent = JSON.parse(text) as Sent;
  const form = alikeTo(sent.action)[sent.place];
  if (!form || (form.closest("dialog")?.id ?? "") !== sent.dialog) return;
  fill(form, sent.entries);
  form.closest("details")?.setAttribute("open", "");
  if (sent.dialog) explain(form, sent.dialog, reasons);
}

function fill(form: HTMLFormElement, entries: Sent["entries"]): void {
  const left = new Map<string, [string, string][]>();
  for (const [name, value, label] of entries) left.set(name, [...(left.get(name) ?? []), [value, label]]);
  for (const control of controlsOf(form)) {
    const values = left.get(control.name) ?? [];
    if (control instanceof HTMLSelectElement) {
      for (const option of control.options) option.selected = values.some(([value]) => value === option.value);
    } else if (!isChoice(control)) {
      const next = values.shift();
      if (next) control.value = next[0];
    } else if (control.type === "checkbox") {
      control.checked = values.some(([value]) => value === control.value);
    }
  }
  for (const [name, values] of left) chooseRadio(form, name, values);
}

/** Chooses one of several; what a search had offered stands there again. */
function chooseRadio(form: HTMLFormElement, name: string, values: readonly [string, string][]): void {
  const radios = [...form.querySelectorAll<HTMLInputElement>(`input[type="radio"][name="${CSS.escape(name)}"]`)];
  const [value, label] = values[0] ?? [];
  if (!radios[0] || value === undefined) return;
  let chosen = radios.find((one) => one.value === value);
  if (!chosen) {
    chosen = el("input", { type: "radio", name, value });
    radios[0].closest("label")?.before(el("label", { class: "lw-offer" }, chosen, el("span", {}, label ?? value)));
  }
  chosen.checked = true;
}

/** Opens the dialog again; the page's own messages can't be reached behind it. */
function explain(form: HTMLFormElement, dialog: string, reasons: readonly HTMLElement[]): void {
  const said = reasons.map((one) => one.textContent.trim()).join(" ");
  const alert = el("div", { class: "lw-alert lw-alert-bad", role: "alert" }, icon("alert-triangle"), el("div", {}, said));
  (form.querySelector(".lw-dialog-body") ?? form).prepend(alert);
  for (const one of reasons) one.remove();
  openDialog(dialog);
}

export function startRefused(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !(form instanceof HTMLFormElement)) return;
    if (form.getAttribute("method") === "post") keepSent(form);
  });
  putBack();
}
