/** The draft of one visit: autosave, what an earlier visit left behind, and somebody else's save. */
import { type Answer, sendJson } from "../../base/http.ts";
import { toast } from "../../base/toasts.ts";
import { choose } from "./dialogs.ts";
import { type Backup, DraftKeeper, type SaveState } from "./drafts.ts";
import { download, fileName } from "./files.ts";

export interface SessionPorts {
  readonly url: string;
  readonly version: number;
  readonly csrf: string;
  readonly xml: () => Promise<string>;
  /** Takes in another diagram as a change of this draft. */
  readonly replace: (xml: string) => Promise<void>;
  readonly show: (state: SaveState) => void;
}

export class DraftSession {
  readonly #ports: SessionPorts;
  readonly #keeper: DraftKeeper;
  readonly #listeners = new AbortController();
  /** Whether the present series of failures was told. */
  #told = false;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#keeper = new DraftKeeper(ports.url, ports.version, {
      xml: ports.xml,
      send: (body): Promise<Answer> => sendJson("PUT", ports.url, body, ports.csrf),
      store: localStorage,
      show: (state) => {
        this.#show(state);
      },
      after: (milliseconds, act) => {
        const timer = window.setTimeout(act, milliseconds);
        return () => {
          window.clearTimeout(timer);
        };
      },
      now: () => Date.now(),
    });
  }

  get version(): number {
    return this.#keeper.version;
  }

  /** Begins to watch the page, and offers what an earlier visit could not save. */
  async start(): Promise<void> {
    const { signal } = this.#listeners;
    window.addEventListener("online", () => void this.#keeper.save(), { signal });
    window.addEventListener("pagehide", () => void this.#keepUnsaved(), { signal });
    window.addEventListener("beforeunload", this.#hold, { signal });
    this.#ports.show({ kind: "saved" });
    const backup = this.#keeper.backup();
    if (backup) await this.#offer(backup);
  }

  changed(): void {
    this.#keeper.changed();
  }

  /** True when the server has everything. */
  async flush(): Promise<boolean> {
    return this.#keeper.flush();
  }

  /** What the button beside a failed save does. */
  async retry(): Promise<void> {
    const { state } = this.#keeper;
    if (state.kind === "conflict") await this.#settle(state.reason);
    else await this.#keeper.save();
  }

  readonly #hold = (event: BeforeUnloadEvent): void => {
    if (this.#keeper.unsaved) event.preventDefault();
  };

  async #keepUnsaved(): Promise<void> {
    if (this.#keeper.unsaved) await this.#keeper.keep();
  }

  #show(state: SaveState): void {
    this.#ports.show(state);
    if (state.kind === "conflict") void this.#settle(state.reason);
    if (state.kind === "saved") this.#told = false;
    if (state.kind !== "failed" || this.#told) return;
    this.#told = true;
    toast(`Not saved: ${state.reason} It is kept in this browser.`, "warn");
  }

  async #settle(reason: string): Promise<void> {
    const answer = await choose(
      "Somebody else saved this draft",
      `${reason} Your changes are kept in this browser until you decide.`,
      [
        ["copy", "Keep a copy of mine"],
        ["reload", "Load theirs", "btn-primary"],
      ],
    );
    if (answer === "copy") {
      const xml = await this.#ports.xml();
      download(fileName(xml, "bpmn"), xml, "application/xml");
    }
    if (answer === "reload") {
      this.#keeper.dropBackup();
      this.#listeners.abort();
      this.#keeper.stop();
      location.reload();
    }
  }

  async #offer(backup: Backup): Promise<void> {
    const when = new Date(backup.at).toLocaleString();
    const overtaken = backup.version !== this.#keeper.version;
    const warning = overtaken ? " Since then the draft was saved by somebody else; opening yours replaces it." : "";
    const answer = await choose(
      "Changes that did not reach the server",
      `This browser keeps changes of ${when} that were never saved.${warning}`,
      [
        ["drop", "Throw them away", "btn-ghost-secondary"],
        ["copy", "Download them"],
        ["open", "Open them", "btn-primary"],
      ],
    );
    if (answer === "drop") this.#keeper.dropBackup();
    if (answer === "copy") download(fileName(backup.xml, "bpmn"), backup.xml, "application/xml");
    if (answer === "open") await this.#ports.replace(backup.xml);
  }

  stop(): void {
    void this.#keepUnsaved();
    this.#listeners.abort();
    this.#keeper.stop();
  }
}
