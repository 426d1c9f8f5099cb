/** Buttons marked `data-insert="text"` put their text where the cursor was in a form. */

type TextField = HTMLInputElement | HTMLTextAreaElement;

/** The field of each form that was typed in last. */
const lastField = new WeakMap<Element, TextField>();

function isTextField(target: EventTarget | null): target is TextField {
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type === "text");
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
}
