/** Fetches and mounts an island the first time it is on the page. */
import { cspNonce, csrfToken, el, icon, matching } from "../base/page.ts";

/** What an island is given besides its properties. */
export interface Surroundings {
  readonly csrf: string;
  readonly nonce: string;
}

/** Mounts into an emptied element; returns what undoes it. */
export type Mount = (element: HTMLElement, props: never, around: Surroundings) => Promise<() => void>;

type Source = () => Promise<{ mount: Mount }>;

const SOURCES: Readonly<Record<string, Source>> = {
  form: () => import("./form/index.ts"),
  viewer: () => import("./viewer/index.ts"),
  modeller: () => import("./modeller/index.ts"),
};

const mounted = new WeakMap<Element, () => void>();

/** The properties of an island: its `data-props`, or the JSON script inside it. */
export function propsOf(element: HTMLElement): unknown {
  const script = element.querySelector<HTMLScriptElement>(':scope > script[type="application/json"]');
  return JSON.parse(script?.textContent ?? element.dataset.props ?? "{}") as unknown;
}

async function mountIsland(element: HTMLElement): Promise<void> {
  const name = element.dataset.island ?? "";
  const source = SOURCES[name];
  element.dataset.islandState = "loading";
  try {
    if (!source) throw new Error(`There is no island "${name}"`);
    const props = propsOf(element) as never;
    const { mount } = await source();
    element.replaceChildren();
    mounted.set(element, await mount(element, props, { csrf: csrfToken(), nonce: cspNonce() }));
    element.dataset.islandState = "ready";
    // Taken away while its code was on the way.
    if (!element.isConnected) unmount(element);
  } catch (error) {
    element.dataset.islandState = "failed";
    element.replaceChildren(failure());
    reportError(error);
  }
}

function failure(): HTMLElement {
  const again = el("button", { class: "btn btn-sm", type: "button" }, "Reload the page");
  again.addEventListener("click", () => {
    location.reload();
  });
  const text = el("div", {}, "This part of the page could not be loaded. ", again);
  return el("div", { class: "lw-alert lw-alert-bad", role: "alert" }, icon("alert-triangle"), text);
}

/** Mounts every island below `root` that isn't yet. */
export function mountIslands(root: ParentNode): void {
  for (const element of matching<HTMLElement>(root, "[data-island]:not([data-island-state])")) {
    void mountIsland(element);
  }
}

function unmount(element: HTMLElement): void {
  mounted.get(element)?.();
  mounted.delete(element);
}

/** Undoes every island that leaves the page, whoever takes it away. */
export function unmountLeavingIslands(): void {
  const observer = new MutationObserver((records) => {
    for (const node of records.flatMap((record) => [...record.removedNodes])) {
      if (!(node instanceof Element)) continue;
      for (const element of matching<HTMLElement>(node, "[data-island]")) {
        // What was only moved is back in the page by now.
        if (!element.isConnected) unmount(element);
      }
    }
  });
  observer.observe(document.body, { childList: true, subtree: true });
}
