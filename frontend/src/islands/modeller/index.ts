/** The island `modeller`: drawing a process, with drafts that are never lost and checks while drawing. */
import type BaseViewer from "bpmn-js/lib/BaseViewer";
import type { Element } from "bpmn-js/lib/model/Types";
import type Canvas from "diagram-js/lib/core/Canvas";
import type ElementRegistry from "diagram-js/lib/core/ElementRegistry";
import type EventBus from "diagram-js/lib/core/EventBus";
import type Overlays from "diagram-js/lib/features/overlays/Overlays";
import type Selection from "diagram-js/lib/features/selection/Selection";

import "./modeller.scss";
import { type Answer, isObject, sendJson } from "../../base/http.ts";
import { el } from "../../base/page.ts";
import { toast } from "../../base/toasts.ts";
import { centreOn, fit, zoomButtons } from "../diagram/canvas.ts";
import { openDiagram } from "../diagram/layout.ts";
import type { Surroundings } from "../loader.ts";
import { giveStylesNonce } from "./nonce.ts";
import { askToDeploy, type Attempt } from "./dialogs.ts";
import { createModeler, createReader, setTemplates, svgOf, xmlOf } from "./editor.ts";
import { download, fileName, pickDiagram } from "./files.ts";
import { countWords, type Finding, FindingsView, readFindings } from "./findings.ts";
import { lint } from "./lint.ts";
import { DraftSession } from "./session.ts";
import { Toolbar } from "./toolbar.ts";

export interface ModellerProps {
  readonly xml: string;
  /** PUT {"xml", "version"} answers {"version"}; 409 where somebody else saved. */
  readonly save_url?: string;
  /** POST {"xml"} answers {"errors": […], "warnings": […]} of {element, line, message, advice}. */
  readonly check_url?: string;
  /** POST {"note", "version"} answers {"redirect"}; 422 with {"errors": […]} where it is refused. */
  readonly deploy_url?: string;
  /** GET answers a list of element templates. */
  readonly templates_url?: string;
  readonly draft_version?: number;
  readonly csrf?: string;
  readonly readonly?: boolean;
}

const CHECK_AFTER_MS = 900;

class ModellerIsland {
  readonly #props: ModellerProps;
  readonly #csrf: string;
  readonly #element: HTMLElement;
  readonly #modeler: BaseViewer;
  readonly #toolbar: Toolbar;
  readonly #findings: FindingsView;
  /** None where nothing can be saved. */
  readonly #draft: DraftSession | null;
  readonly #body = el("div", { class: "lw-modeller-body" });
  #templates: readonly object[] = [];
  #found: readonly Finding[] = [];
  #checkTimer = 0;
  #checks = 0;

  constructor(element: HTMLElement, props: ModellerProps, csrf: string) {
    this.#element = element;
    this.#props = props;
    this.#csrf = props.csrf ?? csrf;
    const canvas = el("div", { class: "lw-diagram lw-modeller-canvas" });
    const panel = el("aside", { class: "lw-modeller-panel", "aria-label": "Properties" });
    this.#toolbar = new Toolbar(this.#actions(), props.readonly === true, props.deploy_url !== undefined);
    this.#findings = new FindingsView(() => this.#services(), this.#choose);
    this.#body.append(canvas);
    if (!props.readonly) this.#body.append(panel);
    element.append(this.#toolbar.element, this.#body, this.#findings.element);
    this.#modeler = props.readonly ? createReader(canvas) : createModeler(canvas, panel);
    canvas.append(zoomButtons(() => this.#canvas, () => { this.#fit(); }));
    this.#draft = this.#session();
  }

  get #canvas(): Canvas {
    return this.#modeler.get<Canvas>("canvas");
  }

  /** The whole diagram, beside the palette. */
  #fit(): void {
    const palette = this.#element.querySelector<HTMLElement>(".djs-palette");
    fit(this.#canvas, palette ? palette.offsetLeft + palette.offsetWidth : 0);
  }

  #services(): { canvas: Canvas; registry: ElementRegistry; overlays: Overlays } {
    return {
      canvas: this.#canvas,
      registry: this.#modeler.get<ElementRegistry>("elementRegistry"),
      overlays: this.#modeler.get<Overlays>("overlays"),
    };
  }

  #session(): DraftSession | null {
    const url = this.#props.save_url;
    if (url === undefined || this.#props.readonly === true) return null;
    return new DraftSession({
      url,
      version: this.#props.draft_version ?? 0,
      csrf: this.#csrf,
      xml: () => xmlOf(this.#modeler),
      replace: (xml) => this.#replace(xml),
      show: (state) => {
        this.#element.dataset.save = state.kind;
        this.#toolbar.showSave(state);
      },
    });
  }

  #actions(): ConstructorParameters<typeof Toolbar>[0] {
    const command = (name: "undo" | "redo") => () => {
      this.#modeler.get<{ undo(): void; redo(): void }>("commandStack")[name]();
    };
    return {
      undo: command("undo"),
      redo: command("redo"),
      check: () => {
        this.#findings.open();
        void this.#check();
      },
      deploy: () => {
        this.#deploy();
      },
      importFile: () => void this.#import(),
      exportXml: () => void this.#exportXml(),
      exportSvg: () => void this.#exportSvg(),
      retry: () => void this.#draft?.retry(),
      togglePanel: () => {
        this.#body.classList.toggle("lw-panel-open");
      },
    };
  }

  async start(): Promise<void> {
    if (!this.#props.readonly) await this.#loadTemplates();
    await openDiagram(this.#modeler, this.#props.xml);
    this.#fit();
    if (this.#props.readonly) return;
    this.#listen();
    await this.#draft?.start();
    void this.#check();
  }

  async #loadTemplates(): Promise<void> {
    if (this.#props.templates_url === undefined) return;
    try {
      const response = await fetch(this.#props.templates_url, { credentials: "same-origin" });
      const list: unknown = response.ok ? await response.json() : [];
      this.#templates = Array.isArray(list) ? list.filter(isObject) : [];
      if (!response.ok) toast("The business steps could not be loaded; everything else works.", "warn");
    } catch {
      toast("The business steps could not be loaded; everything else works.", "warn");
    }
    setTemplates(this.#modeler, this.#templates);
  }

  #listen(): void {
    const stack = this.#modeler.get<{ canUndo(): boolean; canRedo(): boolean }>("commandStack");
    this.#toolbar.showSteps(false, false);
    this.#modeler.get<EventBus>("eventBus").on("commandStack.changed", () => {
      this.#toolbar.showSteps(stack.canUndo(), stack.canRedo());
      this.#draft?.changed();
      this.#checkSoon();
    });
  }

  /** Takes in another diagram as a change of this draft. */
  async #replace(xml: string): Promise<void> {
    const before = await xmlOf(this.#modeler);
    try {
      await openDiagram(this.#modeler, xml);
    } catch (error) {
      await this.#modeler.importXML(before);
      toast(`This is no BPMN diagram that can be shown: ${(error as Error).message}`, "bad");
      return;
    }
    this.#fit();
    this.#toolbar.showSteps(false, false);
    this.#draft?.changed();
    void this.#check();
  }

  // Checks

  #checkSoon(): void {
    window.clearTimeout(this.#checkTimer);
    this.#checkTimer = window.setTimeout(() => void this.#check(), CHECK_AFTER_MS);
  }

  async #check(): Promise<void> {
    this.#checks += 1;
    const number = this.#checks;
    this.#findings.waiting();
    const local = await lint(this.#modeler.getDefinitions(), this.#templates);
    // A later check has begun and its answer counts, or the diagram is gone.
    if (number !== this.#checks) return;
    const remote = await this.#ask();
    if (number !== this.#checks) return;
    this.#found = [...(remote?.findings ?? []), ...local];
    this.#findings.show(this.#found);
    if (remote?.failure) this.#findings.unavailable(remote.failure);
  }

  async #ask(): Promise<{ findings: Finding[]; failure?: string } | null> {
    const url = this.#props.check_url;
    if (url === undefined) return null;
    const answer = await sendJson("POST", url, { xml: await xmlOf(this.#modeler) }, this.#csrf);
    if (answer.kind === "unreachable") return { findings: [], failure: "the server can't be reached." };
    const body = answer.kind === "ok" ? answer.body : isObject(answer.body) ? answer.body : {};
    const findings = [...readFindings(body.errors, "error"), ...readFindings(body.warnings, "warning")];
    if (answer.kind === "problem" && findings.length === 0) return { findings, failure: answer.problem.detail };
    return { findings };
  }

  readonly #choose = (id: string): void => {
    const element = this.#services().registry.get(id) as Element | undefined;
    if (!element) return;
    this.#modeler.get<Selection>("selection").select(element as never);
    centreOn(this.#canvas, element);
  };

  // Files and deployment

  async #import(): Promise<void> {
    try {
      const xml = await pickDiagram();
      if (xml !== null) await this.#replace(xml);
    } catch (error) {
      toast((error as Error).message, "bad");
    }
  }

  async #exportXml(): Promise<void> {
    const xml = await xmlOf(this.#modeler);
    download(fileName(xml, "bpmn"), xml, "application/xml");
  }

  async #exportSvg(): Promise<void> {
    const xml = await xmlOf(this.#modeler);
    download(fileName(xml, "svg"), await svgOf(xml), "image/svg+xml");
  }

  #deploy(): void {
    const errors = this.#found.filter((finding) => finding.level === "error");
    const warning = errors.length ? `The check found ${countWords(errors)}; the server will refuse this version.` : "";
    askToDeploy(warning, (note) => this.#send(note));
  }

  async #send(note: string): Promise<Attempt> {
    const url = this.#props.deploy_url ?? "";
    if (this.#draft && !(await this.#draft.flush())) {
      return { done: false, messages: ["The draft could not be saved, so nothing was deployed."] };
    }
    const answer = await sendJson("POST", url, { note, version: this.#draft?.version ?? null }, this.#csrf);
    if (answer.kind === "ok") {
      if (typeof answer.body.redirect === "string") location.assign(answer.body.redirect);
      else toast("The new version is deployed.", "good");
      return { done: true };
    }
    return { done: false, messages: this.#refusal(answer) };
  }

  #refusal(answer: Exclude<Answer, { kind: "ok" }>): string[] {
    if (answer.kind === "unreachable") return ["The server can't be reached. Nothing was deployed."];
    const found = isObject(answer.body) ? readFindings(answer.body.errors, "error") : [];
    if (found.length === 0) return [answer.problem.detail, ...Object.values(answer.problem.errors).flat()];
    this.#found = found;
    this.#findings.show(found);
    this.#findings.open();
    return found.map((each) => `${each.message} ${each.advice}`.trim());
  }

  stop(): void {
    this.#draft?.stop();
    window.clearTimeout(this.#checkTimer);
    // The answer of a check that is on its way has nothing left to be shown on.
    this.#checks += 1;
    this.#modeler.destroy();
  }
}

export async function mount(element: HTMLElement, props: ModellerProps, around: Surroundings): Promise<() => void> {
  giveStylesNonce(around.nonce);
  const island = new ModellerIsland(element, props, around.csrf);
  await island.start();
  return () => {
    island.stop();
  };
}
