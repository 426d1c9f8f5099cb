/** What was typed into a form, kept for this tab until the server has it. */
import { isObject } from "../../base/http.ts";

const PREFIX = "lanewise:form:";

/** One form's draft in the tab's storage; it holds only for the version of the form it was typed into. */
export class Draft {
  readonly #key: string;
  readonly #version: unknown;

  constructor(key: string, version: unknown) {
    this.#key = PREFIX + key;
    this.#version = version ?? null;
  }

  /** The kept values, or null where there are none for this version. */
  read(): Record<string, unknown> | null {
    try {
      const kept: unknown = JSON.parse(sessionStorage.getItem(this.#key) ?? "null");
      if (!isObject(kept) || kept.version !== this.#version || !isObject(kept.data)) return null;
      return kept.data;
    } catch {
      return null;
    }
  }

  keep(data: Readonly<Record<string, unknown>>): void {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify({ version: this.#version, data }));
    } catch {
      // Storage is off or full: typing goes on, only a reload would lose it.
    }
  }

  drop(): void {
    try {
      sessionStorage.removeItem(this.#key);
    } catch {
      // Storage is off: nothing was kept.
    }
  }
}
