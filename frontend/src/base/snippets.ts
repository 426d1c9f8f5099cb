/**
 * Buttons around a text that is written: `data-insert="text"` puts text where the cursor was in a form,
 * `data-line="3"` goes to that line of the text field that `data-line-of` names.
 */

type TextField = HTMLInputElement | HTMLTextAreaElement;

/** The field of each form that was typed in last. */
const lastField = new WeakMap<Element, TextField>();

function isTextField(target: EventTarget | null): target is TextField {
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type === "text");
}

function goToLine(field: HTMLTextAreaElement, line: number): void {
  const lines = field.value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  field.focus();
  field.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  field.scrollTop = (field.scrollHeight / lines.length) * Math.max(0, line - 3);
}

export function startSnippets(): void {
  document.addEventListener("focusin", (event) => {
    const { target } = event;
    if (isTextField(target) && target.form) lastField.set(target.form, target);
  });
  document.addEventListener("click", (event) => {
    const button = (event.target as Element | null)?.closest<HTMLElement>("[data-insert]");
    const form = button ? document.querySelector(button.dataset.insertInto ?? "form") : null;
    if (!button || !form) return;
    const field = lastField.get(form) ?? form.querySelector("textarea");
    if (!field) return;
    field.focus();
    const start = field.selectionStart ?? field.value.length;
    field.setRangeText(button.dataset.insert ?? "", start, field.selectionEnd ?? start, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  document.addEventListener("click", (event) => {
    const button = (event.target as Element | null)?.closest<HTMLElement>("[data-line]");
    const field = button ? document.querySelector(button.dataset.lineOf ?? "textarea") : null;
    if (field instanceof HTMLTextAreaElement) goToLine(field, Number(button?.dataset.line));
  });
}
