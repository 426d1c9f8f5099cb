/** Asks before a button marked `data-confirm="Question?"` does what can't be taken back. */
import { el } from "./page.ts";

export interface Question {
  readonly text: string;
  readonly action: string;
  readonly danger?: boolean;
}

let count = 0;

/** Opens a modal question; true when the action was chosen, false on Cancel, Esc or a click outside. */
export async function ask(question: Question): Promise<boolean> {
  count += 1;
  const id = `confirm-${String(count)}`;
  const tone = question.danger === false ? "btn-primary" : "btn-danger";
  const dialog = el(
    "dialog",
    { class: "lw-dialog", "aria-labelledby": id },
    el(
      "form",
      { method: "dialog" },
      el("div", { class: "lw-dialog-head" }, el("h2", { id }, question.text)),
      el(
        "div",
        { class: "lw-dialog-foot" },
        el("button", { class: "btn", value: "" }, "Cancel"),
        el("button", { class: `btn ${tone}`, value: "yes" }, question.action),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close("");
  });
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

async function confirmThenClick(button: HTMLElement): Promise<void> {
  const agreed = await ask({
    text: button.dataset.confirm ?? "",
    action: button.textContent.trim() || "Continue",
    danger: !button.classList.contains("btn-primary"),
  });
  if (!agreed) return;
  button.dataset.confirmed = "";
  button.click();
  delete button.dataset.confirmed;
}

export function startConfirming(): void {
  // In the capturing phase, so that neither the form nor htmx sees the click before the answer.
  document.addEventListener(
    "click",
    (event) => {
      const button = (event.target as Element | null)?.closest<HTMLElement>("[data-confirm]");
      if (!button || "confirmed" in button.dataset) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      void confirmThenClick(button);
    },
    true,
  );
}
