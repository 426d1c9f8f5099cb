/** The island `viewer`: a diagram with what an instance has done and where it stands. */
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import type { Element } from "bpmn-js/lib/model/Types";
import type Canvas from "diagram-js/lib/core/Canvas";
import type ElementRegistry from "diagram-js/lib/core/ElementRegistry";
import type EventBus from "diagram-js/lib/core/EventBus";
import type Overlays from "diagram-js/lib/features/overlays/Overlays";

import "../diagram/diagram.scss";
import "./viewer.scss";
import { el, icon } from "../../base/page.ts";
import { centreOn, fit, MARK_SCALE, nameOf, readAt, TEXT, THEME_COLOURS, zoomButtons } from "../diagram/canvas.ts";
import { openDiagram } from "../diagram/layout.ts";
import { type Failure, legend, summary, textAlternative, type Token, TOKEN_WORDS } from "./words.ts";

export interface ViewerProps {
  readonly xml: string;
  /** Id of the process that is shown, where a file holds several. */
  readonly process_id?: string;
  readonly tokens?: readonly Token[];
  /** Ids of elements that were completed at least once. */
  readonly completed?: readonly string[];
  /** Ids of sequence flows that were taken at least once. */
  readonly taken?: readonly string[];
  readonly failed?: readonly Failure[];
  /** Id of the element that the page speaks of. */
  readonly selected?: string;
}

interface ZoomScroll {
  toggle(enabled: boolean): void;
}

const LOWEST_PX = 240;
const HIGHEST_PX = 560;

class ViewerIsland {
  readonly #element: HTMLElement;
  readonly #props: ViewerProps;
  readonly #frame = el("div", { class: "lw-diagram" });
  readonly #host = el("div", { class: "lw-diagram-canvas" });
  readonly #viewer: NavigatedViewer;
  readonly #resize: ResizeObserver;
  #moved = false;
  #selected = "";

  constructor(element: HTMLElement, props: ViewerProps) {
    this.#element = element;
    this.#props = props;
    this.#frame.append(this.#host);
    element.append(this.#frame);
    this.#viewer = new NavigatedViewer({
      container: this.#host,
      bpmnRenderer: THEME_COLOURS,
      textRenderer: TEXT,
      // The wheel belongs to the page until somebody works in the diagram.
      zoomScroll: { enabled: false },
    });
    this.#resize = new ResizeObserver(() => {
      this.#canvas.resized();
      if (!this.#moved) this.#show();
    });
  }

  get #canvas(): Canvas {
    return this.#viewer.get<Canvas>("canvas");
  }

  get #registry(): ElementRegistry {
    return this.#viewer.get<ElementRegistry>("elementRegistry");
  }

  async start(): Promise<void> {
    await openDiagram(this.#viewer, this.#props.xml, this.#props.process_id);
    this.#size();
    this.#colour();
    this.#badges();
    this.#frame.append(zoomButtons(() => this.#canvas, () => { fit(this.#canvas); }));
    this.#frame.setAttribute("role", "group");
    this.#frame.setAttribute("aria-label", summary(this.#props, this.#name));
    this.#element.append(legend(this.#props), textAlternative(this.#props, this.#name, this.#choose));
    this.#listen();
    if (this.#props.selected) this.#select(this.#props.selected);
    this.#resize.observe(this.#frame);
  }

  /** As high as the diagram needs at this width, within limits. */
  #size(): void {
    const { inner } = this.#canvas.viewbox();
    const wanted = (inner.height / inner.width) * this.#frame.clientWidth + 48;
    this.#frame.style.height = `${String(Math.round(Math.min(HIGHEST_PX, Math.max(LOWEST_PX, wanted || 0))))}px`;
    this.#canvas.resized();
    this.#show();
  }

  /** The whole diagram; on a small screen, where it would be too small to read, where it stands. */
  #show(): void {
    fit(this.#canvas);
    const place = this.#props.failed?.[0] ?? this.#props.tokens?.[0];
    const element = place && (this.#registry.get(place.element_id) as Element | undefined);
    if (element) readAt(this.#canvas, element);
  }

  readonly #name = (id: string): string => {
    const element = this.#registry.get(id) as Element | undefined;
    return element ? nameOf(element) : id;
  };

  readonly #choose = (id: string): void => {
    this.#select(id);
    this.#element.dispatchEvent(
      new CustomEvent("lanewise:element", { bubbles: true, detail: { element_id: id, name: this.#name(id) } }),
    );
  };

  #select(id: string): void {
    if (this.#registry.get(this.#selected)) this.#canvas.removeMarker(this.#selected, "lw-selected");
    this.#selected = id;
    this.#mark([id], "lw-selected");
  }

  readonly #showElement = (event: Event): void => {
    const id = (event as CustomEvent<{ element_id: string }>).detail.element_id;
    const element = this.#registry.get(id) as Element | undefined;
    if (!element) return;
    this.#moved = true;
    this.#select(id);
    centreOn(this.#canvas, element);
  };

  #mark(ids: readonly string[], marker: string): void {
    for (const id of ids) {
      // History may name elements that this version's diagram no longer draws.
      if (this.#registry.get(id)) this.#canvas.addMarker(id, marker);
    }
  }

  #colour(): void {
    const { completed = [], taken = [], tokens = [], failed = [] } = this.#props;
    this.#mark(completed, "lw-past");
    this.#mark(taken, "lw-taken");
    for (const token of tokens) this.#mark([token.element_id], `lw-token-on-${token.state}`);
    this.#mark(failed.map((failure) => failure.element_id), "lw-token-on-failed");
  }

  #badges(): void {
    const overlays = this.#viewer.get<Overlays>("overlays");
    const places = new Map<string, HTMLElement>();
    for (const token of this.#props.tokens ?? []) {
      this.#place(places, token.element_id).append(this.#badge(token));
    }
    for (const failure of this.#props.failed ?? []) {
      const named = this.#props.tokens?.some(
        (token) => token.state === "failed" && token.element_id === failure.element_id,
      );
      if (!named) this.#place(places, failure.element_id).append(this.#badge({ ...failure, count: 1, state: "failed" }));
    }
    for (const [id, html] of places) {
      if (this.#registry.get(id)) overlays.add(id, { position: { top: -12, left: -12 }, scale: MARK_SCALE, html });
    }
  }

  #place(places: Map<string, HTMLElement>, id: string): HTMLElement {
    const place = places.get(id) ?? el("div", { class: "lw-tokens" });
    places.set(id, place);
    return place;
  }

  #badge(token: Token & { readonly message?: string }): HTMLElement {
    const failure = this.#props.failed?.find((each) => each.element_id === token.element_id);
    const words = `${String(token.count)} ${TOKEN_WORDS[token.state]} at ${this.#name(token.element_id)}`;
    const label = failure && token.state === "failed" ? `${words}: ${failure.message}` : words;
    const button = el("button", { class: `lw-token lw-token-${token.state}`, type: "button", title: label });
    button.setAttribute("aria-label", label);
    button.append(token.state === "failed" ? icon("alert-triangle") : String(token.count));
    button.addEventListener("click", () => {
      this.#choose(token.element_id);
    });
    return button;
  }

  #listen(): void {
    const bus = this.#viewer.get<EventBus>("eventBus");
    const zoomScroll = this.#viewer.get<ZoomScroll>("zoomScroll");
    bus.on("element.click", (event: { element: Element }) => {
      if (event.element !== (this.#canvas.getRootElement() as unknown)) this.#choose(event.element.id);
    });
    this.#host.addEventListener("pointerdown", () => {
      this.#moved = true;
      zoomScroll.toggle(true);
    });
    this.#frame.addEventListener("pointerleave", () => {
      zoomScroll.toggle(false);
    });
    document.addEventListener("lanewise:show", this.#showElement);
    this.#host.addEventListener("keydown", () => {
      this.#moved = true;
    });
  }

  stop(): void {
    document.removeEventListener("lanewise:show", this.#showElement);
    this.#resize.disconnect();
    this.#viewer.destroy();
  }
}

export async function mount(element: HTMLElement, props: ViewerProps): Promise<() => void> {
  const island = new ViewerIsland(element, props);
  await island.start();
  return () => {
    island.stop();
  };
}
