/** Draws a diagram that came without a picture: each process from left to right, pools below one another. */
import type BaseViewer from "bpmn-js/lib/BaseViewer";

const SHAPES = /BPMNShape\b/;
const NO_PICTURE = "no diagram to display";
const BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL";
const BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI";
const DC = "http://www.omg.org/spec/DD/20100524/DC";
const DI = "http://www.omg.org/spec/DD/20100524/DI";

const MARGIN = 40;
/** The strip of a pool that holds its name. */
const POOL_TITLE = 30;
const EMPTY_POOL = { width: 600, height: 60 };
const POOL_GAP = 40;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The shapes and edges of one process, and the planes of its collapsed sub-processes. */
interface Drawing {
  readonly plane: Element;
  readonly inner: readonly Element[];
  readonly box: Box;
}

/** Shows a model; one that came without a picture is laid out. */
export async function openDiagram(viewer: BaseViewer, xml: string, process?: string): Promise<void> {
  try {
    await viewer.importXML(xml, pictureOf(xml, process));
    if (SHAPES.test(xml)) return;
  } catch (error) {
    // Whatever else is wrong is told; a browser's own parser would paint its complaint.
    if (!(error as Error).message.includes(NO_PICTURE)) throw error;
  }
  const drawn = await withLayout(xml);
  await viewer.importXML(drawn, pictureOf(drawn, process));
}

/** Returns a sound model with a picture that is laid out; its flows are named at both ends. */
async function withLayout(xml: string): Promise<string> {
  const model = new DOMParser().parseFromString(xml, "application/xml");
  connect(model);
  await draw(model);
  return new XMLSerializer().serializeToString(model);
}

/** Names flows at their ends, which BPMN leaves open and the layout goes by. */
function connect(model: Document): void {
  const nodes = new Map<string, Element>();
  for (const each of model.getElementsByTagNameNS(BPMN, "*")) nodes.set(idOf(each), each);
  for (const flow of model.getElementsByTagNameNS(BPMN, "sequenceFlow")) {
    for (const [end, name] of [["sourceRef", "outgoing"], ["targetRef", "incoming"]] as const) {
      const node = nodes.get(localName(flow.getAttribute(end) ?? ""));
      if (!node || childrenOf(node, BPMN, name).some((each) => localName(each.textContent.trim()) === idOf(flow))) continue;
      const named = model.createElementNS(BPMN, flow.prefix ? `${flow.prefix}:${name}` : name);
      named.textContent = idOf(flow);
      node.insertBefore(named, placeFor(node, name));
    }
  }
}

/** Returns before which child of a node the standard wants an `incoming` or `outgoing`. */
function placeFor(node: Element, name: "incoming" | "outgoing"): Element | null {
  const first = ["documentation", "extensionElements", "auditing", "monitoring", "categoryValueRef", "incoming"];
  const before = name === "outgoing" ? [...first, "outgoing"] : first;
  return [...node.children].find((each) => !before.includes(each.localName)) ?? null;
}

async function draw(model: Document): Promise<void> {
  const root = model.documentElement;
  for (const empty of childrenOf(root, BPMNDI, "BPMNDiagram")) empty.remove();
  const drawings = new Map<string, Drawing>();
  for (const process of childrenOf(root, BPMN, "process")) {
    const drawing = await drawProcess(model, process);
    if (drawing) drawings.set(idOf(process), drawing);
  }
  const collaboration = childrenOf(root, BPMN, "collaboration")[0];
  const pictures = collaboration ? [drawPools(model, collaboration, drawings)] : [];
  for (const [process, drawing] of drawings) {
    if (!collaboration) pictures.push(picture(model, process, [...drawing.plane.children]));
    pictures.push(...drawing.inner.map((each) => model.importNode(each, true)));
  }
  root.append(...pictures);
}

/** Returns the id of the picture that shows a process by itself; undefined for the file's first. */
function pictureOf(xml: string, process: string | undefined): string | undefined {
  if (process === undefined) return undefined;
  const root = new DOMParser().parseFromString(xml, "application/xml").documentElement;
  const shows = (diagram: Element): boolean =>
    childrenOf(diagram, BPMNDI, "BPMNPlane").some((plane) => localName(plane.getAttribute("bpmnElement") ?? "") === process);
  return childrenOf(root, BPMNDI, "BPMNDiagram").find(shows)?.getAttribute("id") ?? undefined;
}

/** Lays out one process alone; null where there is nothing to draw. */
async function drawProcess(model: Document, process: Element): Promise<Drawing | null> {
  const { layoutProcess } = await import("bpmn-auto-layout");
  const alone = model.cloneNode(true) as Document;
  for (const other of [
    ...childrenOf(alone.documentElement, BPMN, "collaboration"),
    ...childrenOf(alone.documentElement, BPMN, "process"),
  ]) {
    if (idOf(other) !== idOf(process)) other.remove();
  }
  // The layout knows rows only as they follow from flows.
  for (const lanes of [...alone.getElementsByTagNameNS(BPMN, "laneSet")]) lanes.remove();
  const laidOut = await layoutProcess(new XMLSerializer().serializeToString(alone));
  const drawn = new DOMParser().parseFromString(laidOut, "application/xml");
  const [first, ...inner] = childrenOf(drawn.documentElement, BPMNDI, "BPMNDiagram");
  const plane = first?.getElementsByTagNameNS(BPMNDI, "BPMNPlane")[0];
  const box = plane && around(plane);
  return plane && box ? { plane, inner, box } : null;
}

/** Returns the picture of a collaboration: a pool for each participant, message flows between them. */
function drawPools(model: Document, collaboration: Element, drawings: ReadonlyMap<string, Drawing>): Element {
  const shapes: Element[] = [];
  const widest = Math.max(EMPTY_POOL.width, ...[...drawings.values()].map(({ box }) => box.width + 2 * MARGIN));
  let y = MARGIN;
  for (const participant of childrenOf(collaboration, BPMN, "participant")) {
    const drawing = drawings.get(localName(participant.getAttribute("processRef") ?? ""));
    const height = drawing ? drawing.box.height + 2 * MARGIN : EMPTY_POOL.height;
    const pool = { x: MARGIN, y, width: widest + POOL_TITLE, height };
    shapes.push(shape(model, idOf(participant), pool, { isHorizontal: "true" }));
    if (drawing) {
      const shift = { x: MARGIN + POOL_TITLE + MARGIN - drawing.box.x, y: y + MARGIN - drawing.box.y };
      for (const each of drawing.plane.children) shapes.push(moved(model, each, shift));
    }
    y += height + POOL_GAP;
  }
  return picture(model, idOf(collaboration), [...shapes, ...messageFlows(model, collaboration, shapes)]);
}

function messageFlows(model: Document, collaboration: Element, shapes: readonly Element[]): Element[] {
  const place = (reference: string | null): Box | null => {
    const found = shapes.find((each) => each.getAttribute("bpmnElement") === localName(reference ?? ""));
    return found ? boundsOf(found) : null;
  };
  return childrenOf(collaboration, BPMN, "messageFlow").flatMap((flow) => {
    const source = place(flow.getAttribute("sourceRef"));
    const target = place(flow.getAttribute("targetRef"));
    return source && target ? [edge(model, idOf(flow), between(source, target))] : [];
  });
}

/** Returns where a message flow bends: out of one shape's bottom or top, into the other's. */
function between(source: Box, target: Box): readonly (readonly [number, number])[] {
  const down = source.y < target.y;
  const start = [source.x + source.width / 2, down ? source.y + source.height : source.y] as const;
  const end = [target.x + target.width / 2, down ? target.y : target.y + target.height] as const;
  if (start[0] === end[0]) return [start, end];
  const middle = down ? start[1] + POOL_GAP / 2 : start[1] - POOL_GAP / 2;
  return [start, [start[0], middle], [end[0], middle], end];
}

function picture(model: Document, of: string, content: readonly Element[]): Element {
  const plane = make(model, BPMNDI, "bpmndi:BPMNPlane", { id: `${of}_plane`, bpmnElement: of });
  plane.append(...content.map((each) => model.importNode(each, true)));
  const diagram = make(model, BPMNDI, "bpmndi:BPMNDiagram", { id: `${of}_diagram` });
  diagram.append(plane);
  return diagram;
}

function shape(model: Document, of: string, box: Box, more: Readonly<Record<string, string>>): Element {
  const drawn = make(model, BPMNDI, "bpmndi:BPMNShape", { id: `${of}_di`, bpmnElement: of, ...more });
  const { x, y, width, height } = box;
  drawn.append(make(model, DC, "dc:Bounds", { x, y, width, height }));
  return drawn;
}

function edge(model: Document, of: string, points: readonly (readonly [number, number])[]): Element {
  const drawn = make(model, BPMNDI, "bpmndi:BPMNEdge", { id: `${of}_di`, bpmnElement: of });
  drawn.append(...points.map(([x, y]) => make(model, DI, "di:waypoint", { x, y })));
  return drawn;
}

function moved(model: Document, drawn: Element, by: { readonly x: number; readonly y: number }): Element {
  const copy = model.importNode(drawn, true);
  for (const each of [copy, ...copy.getElementsByTagName("*")]) {
    if (!each.hasAttribute("x") || !each.hasAttribute("y")) continue;
    each.setAttribute("x", String(numberOf(each, "x") + by.x));
    each.setAttribute("y", String(numberOf(each, "y") + by.y));
  }
  return copy;
}

/** Returns the smallest box around everything in a plane; null if it is empty. */
function around(plane: Element): Box | null {
  const corners: (readonly [number, number])[] = [];
  for (const bounds of plane.getElementsByTagNameNS(DC, "Bounds")) {
    const [x, y] = [numberOf(bounds, "x"), numberOf(bounds, "y")];
    corners.push([x, y], [x + numberOf(bounds, "width"), y + numberOf(bounds, "height")]);
  }
  for (const point of plane.getElementsByTagNameNS(DI, "waypoint")) {
    corners.push([numberOf(point, "x"), numberOf(point, "y")]);
  }
  if (corners.length === 0) return null;
  const [left, top] = [Math.min(...corners.map(([x]) => x)), Math.min(...corners.map(([, y]) => y))];
  const [right, bottom] = [Math.max(...corners.map(([x]) => x)), Math.max(...corners.map(([, y]) => y))];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function boundsOf(drawn: Element): Box | null {
  const bounds = childrenOf(drawn, DC, "Bounds")[0];
  if (!bounds) return null;
  const [x, y] = [numberOf(bounds, "x"), numberOf(bounds, "y")];
  return { x, y, width: numberOf(bounds, "width"), height: numberOf(bounds, "height") };
}

function make(model: Document, namespace: string, name: string, values: Readonly<Record<string, string | number>>): Element {
  const made = model.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(values)) made.setAttribute(key, String(value));
  return made;
}

function childrenOf(parent: Element, namespace: string, name: string): Element[] {
  return [...parent.children].filter((each) => each.namespaceURI === namespace && each.localName === name);
}

function idOf(element: Element): string {
  return element.getAttribute("id") ?? "";
}

function numberOf(element: Element, name: string): number {
  return Number(element.getAttribute(name) ?? 0);
}

/** References may be qualified names. */
function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
