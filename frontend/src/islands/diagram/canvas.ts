/** What the viewer and the modeller have in common: colours, zoom, and finding an element's name. */
import type Canvas from "diagram-js/lib/core/Canvas";
import type { Element } from "bpmn-js/lib/model/Types";

import { el, icon } from "../../base/page.ts";

/** Colours as variables, so that a diagram changes with the theme while it is open. */
export const THEME_COLOURS = {
  defaultFillColor: "var(--lw-shape-fill)",
  defaultStrokeColor: "var(--lw-shape-stroke)",
  defaultLabelColor: "var(--lw-shape-label)",
};

/** bpmn-js measures text with this font before it draws it. */
export const TEXT = {
  defaultStyle: { fontFamily: '"Inter Variable", system-ui, sans-serif', fontSize: 12 },
  externalStyle: { fontSize: 11.5 },
};

/** Marks stay readable at every zoom. */
export const MARK_SCALE = { min: 0.8, max: 1.4 };

const STEP = 1.25;
const SMALLEST = 0.2;
const LARGEST = 4;
const PADDING = 24;
/** Below this scale labels can't be read; then diagrams open at READING. */
const READABLE = 0.45;
const READING = 0.75;

const KINDS: Readonly<Record<string, string>> = {
  "bpmn:SequenceFlow": "Flow",
  "bpmn:UserTask": "User task",
  "bpmn:ServiceTask": "Service task",
  "bpmn:ScriptTask": "Script task",
  "bpmn:BusinessRuleTask": "Decision",
  "bpmn:SendTask": "Send task",
  "bpmn:ReceiveTask": "Receive task",
  "bpmn:ExclusiveGateway": "Exclusive gateway",
  "bpmn:ParallelGateway": "Parallel gateway",
  "bpmn:InclusiveGateway": "Inclusive gateway",
  "bpmn:EventBasedGateway": "Event-based gateway",
};

/** What a person calls an element: its name, or its kind where it has none. */
export function nameOf(element: Element): string {
  const { businessObject } = element as { businessObject?: { name?: string; $type: string } };
  const type = businessObject?.$type ?? "";
  const kind = KINDS[type] ?? type.replace("bpmn:", "").replace(/([a-z])([A-Z])/g, "$1 $2");
  return businessObject?.name?.replace(/\s+/g, " ") || kind || element.id;
}

/** Shows the whole diagram with a margin, never larger than drawn; `left` pixels belong to a palette. */
export function fit(canvas: Canvas, left = 0): void {
  const { inner, outer } = canvas.viewbox();
  if (outer.width === 0 || inner.width === 0) return;
  const free = outer.width - left;
  const scale = Math.min(1, (free - 2 * PADDING) / inner.width, (outer.height - 2 * PADDING) / inner.height);
  const zoom = Math.max(scale, SMALLEST);
  canvas.viewbox({
    x: inner.x - (free / zoom - inner.width) / 2 - left / zoom,
    y: inner.y - (outer.height / zoom - inner.height) / 2,
    width: outer.width / zoom,
    height: outer.height / zoom,
  });
}

/** Where the whole diagram is too small to read, shows the surroundings of one element instead. */
export function readAt(canvas: Canvas, element: Element): void {
  const { outer, scale } = canvas.viewbox();
  if (scale >= READABLE || outer.width === 0) return;
  const box = canvas.getAbsoluteBBox(element as never);
  const diagram = { x: box.x / scale, y: box.y / scale };
  const view = canvas.viewbox();
  const width = outer.width / READING;
  const height = outer.height / READING;
  canvas.viewbox({
    x: view.x + diagram.x + box.width / scale / 2 - width / 2,
    y: view.y + diagram.y + box.height / scale / 2 - height / 2,
    width,
    height,
  });
}

function zoomBy(canvas: Canvas, factor: number): void {
  canvas.zoom(Math.min(LARGEST, Math.max(SMALLEST, canvas.zoom() * factor)));
}

/** The buttons that zoom in, out, and to the whole diagram. */
export function zoomButtons(canvas: () => Canvas, showAll: () => void): HTMLElement {
  const button = (name: string, label: string, act: () => void): HTMLButtonElement => {
    const made = el("button", { class: "btn btn-icon", type: "button", "aria-label": label, title: label });
    made.append(icon(name));
    made.addEventListener("click", act);
    return made;
  };
  return el(
    "div",
    { class: "lw-zoom", role: "group", "aria-label": "Zoom" },
    button("zoom-out", "Zoom out", () => {
      zoomBy(canvas(), 1 / STEP);
    }),
    button("zoom-in", "Zoom in", () => {
      zoomBy(canvas(), STEP);
    }),
    button("arrows-maximize", "Whole diagram", showAll),
  );
}

/** Moves the view so that the element lies in its middle, at a readable size. */
export function centreOn(canvas: Canvas, element: Element): void {
  const box = canvas.getAbsoluteBBox(element as never);
  const view = canvas.viewbox();
  const inside =
    box.x > 0 && box.y > 0 && box.x + box.width < view.outer.width && box.y + box.height < view.outer.height;
  if (inside && view.scale > 0.5) return;
  canvas.scrollToElement(element as never, { top: 80, right: 80, bottom: 80, left: 80 });
}
