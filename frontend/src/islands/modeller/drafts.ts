/** Saves a diagram's draft: to the browser at once, to the server after a pause, again after a failure. */
import type { Answer } from "../../base/http.ts";

export type SaveState =
  | { readonly kind: "saved" }
  | { readonly kind: "waiting" }
  | { readonly kind: "saving" }
  | { readonly kind: "failed"; readonly reason: string }
  /** Somebody else saved: nothing more is sent until the page is loaded again. */
  | { readonly kind: "conflict"; readonly reason: string };

export interface Backup {
  readonly xml: string;
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What the keeper needs from outside; tests give their own. */
export interface DraftPorts {
  readonly xml: () => Promise<string>;
  readonly send: (body: { readonly xml: string; readonly version: number }) => Promise<Answer>;
  readonly store: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly show: (state: SaveState) => void;
  readonly after: (milliseconds: number, act: () => void) => () => void;
  readonly now: () => number;
}

export const BACKUP_AFTER_MS = 400;
export const SAVE_AFTER_MS = 1500;
const RETRY_AFTER_MS = [5_000, 15_000, 30_000, 60_000] as const;
const PREFIX = "lanewise:draft:";

export class DraftKeeper {
  readonly #key: string;
  readonly #ports: DraftPorts;
  #version: number;
  #state: SaveState = { kind: "saved" };
  #failures = 0;
  #changes = 0;
  #running: Promise<void> | null = null;
  #cancelBackup = (): void => undefined;
  #cancelSave = (): void => undefined;

  constructor(key: string, version: number, ports: DraftPorts) {
    this.#key = PREFIX + key;
    this.#version = version;
    this.#ports = ports;
  }

  get version(): number {
    return this.#version;
  }

  get state(): SaveState {
    return this.#state;
  }

  /** True while the server lacks something that was drawn. */
  get unsaved(): boolean {
    return this.#state.kind !== "saved";
  }

  /** What an earlier visit drew and the server never took; null where there is nothing. */
  backup(): Backup | null {
    try {
      const kept = JSON.parse(this.#ports.store.getItem(this.#key) ?? "null") as Backup | null;
      return kept && typeof kept.xml === "string" && typeof kept.version === "number" ? kept : null;
    } catch {
      return null;
    }
  }

  dropBackup(): void {
    try {
      this.#ports.store.removeItem(this.#key);
    } catch {
      // Storage is off: there is no backup either.
    }
  }

  /** Something was drawn: keep it here soon, send it after a pause. */
  changed(): void {
    this.#changes += 1;
    this.#cancelBackup();
    this.#cancelBackup = this.#ports.after(BACKUP_AFTER_MS, () => void this.keep());
    if (this.#state.kind === "conflict") return;
    if (this.#state.kind !== "saving") this.#show({ kind: "waiting" });
    this.#sendAfter(SAVE_AFTER_MS);
  }

  /** Writes the present diagram into the browser's storage. */
  async keep(): Promise<void> {
    this.#cancelBackup();
    const backup: Backup = { xml: await this.#ports.xml(), version: this.#version, at: this.#ports.now() };
    try {
      this.#ports.store.setItem(this.#key, JSON.stringify(backup));
    } catch {
      // Storage is off or full: the server's copy is the only one.
    }
  }

  /** Sends what is not yet on the server, once. */
  async save(): Promise<void> {
    this.#cancelSave();
    // One at a time: the next request needs the version that this one's answer brings.
    while (this.#running) await this.#running;
    if (this.#state.kind === "conflict" || !this.unsaved) return;
    this.#running = this.#send();
    try {
      await this.#running;
    } finally {
      this.#running = null;
    }
  }

  /** Sends until the server has everything; false where it can't. */
  async flush(): Promise<boolean> {
    do await this.save();
    while (this.#state.kind === "waiting" || this.#state.kind === "saving");
    return !this.unsaved;
  }

  #sendAfter(milliseconds: number): void {
    this.#cancelSave();
    this.#cancelSave = this.#ports.after(milliseconds, () => void this.save());
  }

  async #send(): Promise<void> {
    const sent = this.#changes;
    this.#show({ kind: "saving" });
    const answer = await this.#ports.send({ xml: await this.#ports.xml(), version: this.#version });
    if (answer.kind === "ok") {
      this.#taken(sent, answer.body.version);
    } else if (answer.kind === "problem" && answer.status === 409) {
      await this.keep();
      this.#show({ kind: "conflict", reason: answer.problem.detail });
    } else {
      await this.#failed(answer);
    }
  }

  #taken(sent: number, version: unknown): void {
    this.#failures = 0;
    if (typeof version === "number") this.#version = version;
    if (this.#changes === sent) {
      this.#cancelBackup();
      this.dropBackup();
      this.#show({ kind: "saved" });
    } else {
      // Drawn on while it was sent; its own pause sends the rest.
      this.#show({ kind: "waiting" });
    }
  }

  async #failed(answer: Exclude<Answer, { kind: "ok" }>): Promise<void> {
    await this.keep();
    const reason = answer.kind === "problem" ? answer.problem.detail : "The server can't be reached.";
    this.#show({ kind: "failed", reason });
    // Signing in or a larger limit is a person's work; everything else may pass by itself.
    const hopeless = answer.kind === "problem" && answer.status < 500 && answer.status !== 429;
    if (hopeless) return;
    const wait = RETRY_AFTER_MS[Math.min(this.#failures, RETRY_AFTER_MS.length - 1)] ?? 60_000;
    this.#failures += 1;
    this.#sendAfter(wait);
  }

  #show(state: SaveState): void {
    this.#state = state;
    this.#ports.show(state);
  }

  stop(): void {
    this.#cancelBackup();
    this.#cancelSave();
  }
}
