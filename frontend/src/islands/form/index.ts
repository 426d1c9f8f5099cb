/** The island `form`: a form-js form that posts JSON and never loses what was typed. */
import { Form } from "@bpmn-io/form-js-viewer";

import "./form.scss";
import { type Answer, sendJson } from "../../base/http.ts";
import { el, icon } from "../../base/page.ts";
import type { Surroundings } from "../loader.ts";
import { Draft } from "./draft.ts";
import { focusFirstError, showErrors } from "./errors.ts";
import { overlay, type Schema, submitLabelOf, withoutSubmit } from "./schema.ts";

export interface FormProps {
  readonly schema: Schema;
  readonly data?: Readonly<Record<string, unknown>>;
  /** Where the values are posted; without it the form is only shown. */
  readonly submit_url?: string;
  readonly submit_label?: string;
  /** Sent back as it came, for the server to notice changes in between. */
  readonly version?: number | string | null;
  /** Names the kept draft; by default the address it is posted to. */
  readonly key?: string;
  readonly csrf?: string;
  readonly readonly?: boolean;
  /** Hidden values sent beside `data`, for example a public form's channel. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

const KEEP_AFTER_MS = 300;

class FormIsland {
  readonly #element: HTMLElement;
  readonly #props: FormProps;
  readonly #csrf: string;
  readonly #form: Form;
  readonly #draft: Draft;
  readonly #alert = el("div", { class: "lw-form-alert", role: "alert" });
  readonly #button: HTMLButtonElement;
  readonly #listeners = new AbortController();
  /** The form's values as the server gave them. */
  #given = "";
  #timer = 0;
  #sending = false;

  constructor(element: HTMLElement, props: FormProps, csrf: string) {
    this.#element = element;
    this.#props = props;
    this.#csrf = props.csrf ?? csrf;
    this.#draft = new Draft(props.key ?? props.submit_url ?? location.pathname, props.version);
    const label = props.submit_label ?? submitLabelOf(props.schema) ?? "Submit";
    this.#button = el("button", { class: "btn btn-primary", type: "button" }, label);
    // Delayed, a key pressed while another field updates would be lost: form-js redraws the old value.
    const options = { container: this.#container(), debounce: false };
    this.#form = new Form(options);
  }

  get #open(): boolean {
    return this.#props.submit_url !== undefined && this.#props.readonly !== true;
  }

  #container(): HTMLElement {
    const container = el("div", { class: "lw-form-fields" });
    this.#element.append(container);
    return container;
  }

  async start(): Promise<void> {
    const given = this.#props.data ?? {};
    const kept = this.#open ? this.#draft.read() : null;
    await this.#show(given);
    this.#given = this.#values();
    if (kept) await this.#show(overlay(given, kept));
    if (!this.#open) return;
    this.#element.append(this.#alert, el("div", { class: "lw-form-foot" }, this.#button));
    if (kept) this.#tellRestored();
    this.#listen();
  }

  async #show(data: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#form.importSchema(withoutSubmit(this.#props.schema), { ...data });
    if (!this.#open) this.#form.setProperty("readOnly", true);
  }

  #listen(): void {
    const { signal } = this.#listeners;
    this.#form.on("field.updated", 500, () => {
      window.clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => {
        this.#keep();
      }, KEEP_AFTER_MS);
    });
    this.#button.addEventListener("click", () => void this.#submit(), { signal });
    // form-js's own form element would otherwise send itself when Enter is pressed in a field.
    this.#element.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        event.stopPropagation();
        void this.#submit();
      },
      { signal, capture: true },
    );
    this.#element.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        void this.#submit();
      },
      { signal },
    );
    window.addEventListener("pagehide", () => {
      if (this.#timer) this.#keep();
    }, { signal });
  }

  /** Keeps what differs from what the server gave; fields also report values that nobody typed. */
  #keep(): void {
    this.#timer = 0;
    if (this.#values() === this.#given) this.#draft.drop();
    else this.#draft.keep(this.#form._getState().data);
  }

  #values(): string {
    return JSON.stringify(this.#form._getState().data);
  }

  async #submit(): Promise<void> {
    const url = this.#props.submit_url;
    if (this.#sending || url === undefined) return;
    // A field that reports its value when it is left must have reported it.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    this.#say("");
    const { data, errors } = this.#form.submit();
    if (Object.keys(errors).length > 0) {
      this.#pointOut("Some entries need attention.");
      return;
    }
    this.#busy(true);
    const body = { ...this.#props.extra, data, version: this.#props.version ?? null };
    this.#answered(await sendJson("POST", url, body, this.#csrf));
  }

  #answered(answer: Answer): void {
    if (answer.kind === "ok") {
      this.#finish(answer.body);
      return;
    }
    this.#busy(false);
    this.#keep();
    if (answer.kind === "unreachable") {
      this.#say("The server can't be reached. What you typed is kept; try again in a moment.");
    } else if (Object.keys(answer.problem.errors).length > 0) {
      const rest = showErrors(this.#form, answer.problem.errors);
      this.#pointOut([answer.problem.detail, ...rest].join(" "));
    } else {
      this.#say(`${answer.problem.detail} What you typed is kept.`);
      this.#alert.focus();
    }
  }

  #finish(body: Readonly<Record<string, unknown>>): void {
    window.clearTimeout(this.#timer);
    this.#timer = 0;
    this.#draft.drop();
    const event = new CustomEvent("lanewise:submitted", { bubbles: true, cancelable: true, detail: body });
    const wanted = this.#element.dispatchEvent(event);
    if (wanted && typeof body.redirect === "string") {
      location.assign(body.redirect);
      return;
    }
    this.#busy(false);
  }

  #pointOut(message: string): void {
    this.#say(message);
    // form-js draws the messages after its state has changed.
    requestAnimationFrame(() => requestAnimationFrame(() => focusFirstError(this.#element)));
  }

  #say(message: string): void {
    this.#alert.replaceChildren();
    this.#alert.tabIndex = -1;
    if (!message) return;
    const box = el("div", { class: "lw-alert lw-alert-bad" }, icon("alert-triangle"), el("div", {}, message));
    this.#alert.append(box);
  }

  #busy(sending: boolean): void {
    this.#sending = sending;
    this.#button.disabled = sending;
    this.#button.classList.toggle("btn-loading", sending);
  }

  #tellRestored(): void {
    const discard = el("button", { class: "btn btn-sm", type: "button" }, "Discard it");
    const note = el("div", { class: "lw-alert lw-alert-info", role: "status" });
    note.append(icon("history"), el("div", {}, "Restored what you typed here before. "), discard);
    discard.addEventListener("click", () => {
      this.#draft.drop();
      note.remove();
      void this.#show(this.#props.data ?? {});
    });
    this.#element.prepend(note);
  }

  stop(): void {
    if (this.#timer) this.#keep();
    this.#listeners.abort();
    this.#form.destroy();
  }
}

export async function mount(element: HTMLElement, props: FormProps, around: Surroundings): Promise<() => void> {
  const island = new FormIsland(element, props, around.csrf);
  await island.start();
  return () => {
    island.stop();
  };
}
