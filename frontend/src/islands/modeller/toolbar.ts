/** The bar above the canvas. */
import { el, icon } from "../../base/page.ts";
import type { SaveState } from "./drafts.ts";

export interface Actions {
  readonly undo: () => void;
  readonly redo: () => void;
  readonly check: () => void;
  readonly deploy: () => void;
  readonly importFile: () => void;
  readonly exportXml: () => void;
  readonly exportSvg: () => void;
  readonly retry: () => void;
  readonly togglePanel: () => void;
}

function iconButton(name: string, label: string, act: () => void): HTMLButtonElement {
  const button = el("button", { class: "btn btn-icon btn-ghost-secondary", type: "button", "aria-label": label, title: label });
  button.append(icon(name));
  button.addEventListener("click", act);
  return button;
}

function textButton(name: string, label: string, style: string, act: () => void): HTMLButtonElement {
  const button = el("button", { class: `btn ${style}`, type: "button" }, icon(name), el("span", {}, label));
  button.addEventListener("click", act);
  return button;
}

function menuItem(name: string, label: string, act: () => void): HTMLButtonElement {
  const item = el("button", { class: "lw-menu-item", type: "button" }, icon(name), label);
  item.addEventListener("click", () => {
    item.closest<HTMLElement>("[popover]")?.hidePopover();
    act();
  });
  return item;
}

const SAVE_ICONS: Readonly<Record<SaveState["kind"], string>> = {
  saved: "cloud-check",
  waiting: "cloud-upload",
  saving: "cloud-upload",
  failed: "cloud-off",
  conflict: "cloud-off",
};

function saveWords(state: SaveState): string {
  switch (state.kind) {
    case "saved":
      return "Saved";
    case "waiting":
    case "saving":
      return "Saving…";
    case "failed":
      return "Not saved: retry";
    case "conflict":
      return "Not saved: changed by somebody else";
  }
}

export class Toolbar {
  readonly element = el("div", { class: "lw-modeller-bar", role: "toolbar", "aria-label": "Diagram" });
  readonly #status = el("span", { class: "lw-save", role: "status" });
  readonly #undo: HTMLButtonElement;
  readonly #redo: HTMLButtonElement;
  readonly #actions: Actions;

  constructor(actions: Actions, readonlyMode: boolean, deployable: boolean) {
    this.#actions = actions;
    this.#undo = iconButton("arrow-back-up", "Undo", actions.undo);
    this.#redo = iconButton("arrow-forward-up", "Redo", actions.redo);
    const space = el("span", { class: "lw-modeller-space" });
    const panel = iconButton("adjustments-horizontal", "Properties", actions.togglePanel);
    panel.classList.add("lw-panel-toggle");
    if (readonlyMode) {
      this.element.append(el("span", { class: "badge" }, icon("lock"), "Read only"), space, ...this.#files(true));
      return;
    }
    this.element.append(this.#undo, this.#redo, this.#status, space);
    this.element.append(...this.#files(false), panel, textButton("list-check", "Check", "", actions.check));
    if (deployable) this.element.append(textButton("rocket", "Deploy", "btn-primary", actions.deploy));
  }

  #files(readonlyMode: boolean): HTMLElement[] {
    const id = "modeller-files";
    const opener = el("button", { class: "btn", type: "button", popovertarget: id }, icon("file"), el("span", {}, "File"), icon("chevron-down"));
    const items = [
      menuItem("download", "Export BPMN", this.#actions.exportXml),
      menuItem("photo", "Export SVG", this.#actions.exportSvg),
    ];
    if (!readonlyMode) items.unshift(menuItem("file-upload", "Import BPMN…", this.#actions.importFile));
    return [opener, el("div", { class: "lw-menu", id, popover: "", "data-menu": "" }, ...items)];
  }

  showSave(state: SaveState): void {
    this.#status.dataset.state = state.kind;
    this.#status.title = "reason" in state ? state.reason : "";
    if (state.kind === "failed" || state.kind === "conflict") {
      const retry = el("button", { class: "btn btn-sm lw-save-retry", type: "button" }, icon(SAVE_ICONS[state.kind]), saveWords(state));
      retry.addEventListener("click", this.#actions.retry);
      this.#status.replaceChildren(retry);
      return;
    }
    this.#status.replaceChildren(icon(SAVE_ICONS[state.kind]), saveWords(state));
  }

  showSteps(canUndo: boolean, canRedo: boolean): void {
    this.#undo.disabled = !canUndo;
    this.#redo.disabled = !canRedo;
  }
}
