/** The modeller's dialogs: deploying with a note, a draft that somebody else saved, a found backup. */
import { el, icon } from "../../base/page.ts";

/** A modal dialog of ours: title, body, buttons; it leaves the page when it closes. */
function modal(title: string, body: readonly Node[], buttons: readonly HTMLButtonElement[]): HTMLDialogElement {
  const id = `dialog-${crypto.randomUUID()}`;
  const close = el("button", { class: "btn btn-icon btn-ghost-secondary", type: "button", "aria-label": "Close" }, icon("x"));
  const dialog = el(
    "dialog",
    { class: "lw-dialog", "aria-labelledby": id },
    el("div", { class: "lw-dialog-head" }, el("h2", { id }, title), close),
    el("div", { class: "lw-dialog-body" }, ...body),
    el("div", { class: "lw-dialog-foot" }, ...buttons),
  );
  close.addEventListener("click", () => {
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
  });
  // Keys typed here are none of the diagram's business.
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function button(label: string, style = ""): HTMLButtonElement {
  return el("button", { class: `btn ${style}`.trim(), type: "button" }, label);
}

/** Asks for one of several answers; null when the dialog was closed without one. */
export async function choose<A extends string>(
  title: string,
  text: string,
  answers: readonly (readonly [A, string, string?])[],
): Promise<A | null> {
  return new Promise((resolve) => {
    const buttons = answers.map(([, label, style]) => button(label, style));
    const dialog = modal(title, [el("p", {}, text)], buttons);
    let chosen: A | null = null;
    for (const [index, [answer]] of answers.entries()) {
      buttons[index]?.addEventListener("click", () => {
        chosen = answer;
        dialog.close();
      });
    }
    dialog.addEventListener("close", () => {
      resolve(chosen);
    });
  });
}

/** What came of an attempt to deploy; the text is shown when it failed. */
export type Attempt = { readonly done: true } | { readonly done: false; readonly messages: readonly string[] };

/** Asks for a note and deploys; stays open with the server's reasons when it is refused. */
export function askToDeploy(warning: string, deploy: (note: string) => Promise<Attempt>): void {
  const note = el("textarea", { class: "form-control", id: "deploy-note", rows: "3", maxlength: "500" });
  const label = el("label", { class: "form-label", for: "deploy-note" }, "What changes, and why");
  const problems = el("div", { role: "alert" });
  const cancel = button("Cancel");
  const go = button("Deploy", "btn-primary");
  const hint = el("p", { class: "form-hint" }, "Running instances stay on their version; new ones take this one.");
  const head = warning ? [el("div", { class: "lw-alert lw-alert-warn" }, icon("alert-triangle"), el("div", {}, warning))] : [];
  const dialog = modal("Deploy a new version", [...head, label, note, hint, problems], [cancel, go]);
  cancel.addEventListener("click", () => {
    dialog.close();
  });
  note.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) go.click();
  });
  go.addEventListener("click", () => {
    void attempt();
  });
  note.focus();

  async function attempt(): Promise<void> {
    go.disabled = true;
    go.classList.add("btn-loading");
    problems.replaceChildren();
    const result = await deploy(note.value.trim());
    go.disabled = false;
    go.classList.remove("btn-loading");
    if (result.done) {
      dialog.close();
      return;
    }
    const list = el("ul", { class: "mb-0 ps-3" }, ...result.messages.map((each) => el("li", {}, each)));
    problems.append(el("div", { class: "lw-alert lw-alert-bad" }, icon("alert-circle"), el("div", {}, list)));
  }
}
